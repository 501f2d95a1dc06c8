// Writes many self-signed certificates: many_certificates FOLDER COUNT
//
// The files are FOLDER/NNNNN.pem, each with a certificate for hostNNNNN.example and its key. All have
// the same EC key, which makes them fast to write.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

static int write_one(const char* folder, int number, EVP_PKEY* key) {
  char text[64];
  char path[4096];
  X509* certificate = X509_new();
  X509_NAME* name = X509_NAME_new();
  snprintf(text, sizeof text, "host%05d.example", number);
  snprintf(path, sizeof path, "%s/%05d.pem", folder, number);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char*)text, -1, -1, 0);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), number + 1);
  X509_set_subject_name(certificate, name);
  X509_set_issuer_name(certificate, name);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = fopen(path, "w");
  const int ok = file != NULL && PEM_write_X509(file, certificate) == 1 &&
                 PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
  if (file != NULL) fclose(file);
  X509_NAME_free(name);
  X509_free(certificate);
  return ok;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  for (int i = 0; i < atoi(argv[2]); ++i) {
    if (!write_one(argv[1], i, key)) return 1;
  }
  EVP_PKEY_free(key);
  return 0;
}
