// PEM files: see pem_file.h.
#include "worker/tls/pem_file.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace worker::tls {

namespace {

void take_key(std::string_view label, std::string_view header, const unsigned char* data, long size,
              PemContents& contents) {
  if (label.starts_with("ENCRYPTED") || header.find("ENCRYPTED") != header.npos) {
    contents.error = "its private key is encrypted, and Pound cannot ask for the password";
    return;
  }
  KeyPointer key(d2i_AutoPrivateKey(nullptr, &data, size));
  if (key) {
    contents.keys.push_back(leave_room(std::move(key)));
  } else {
    contents.error = "its private key cannot be parsed: " + error_text();
  }
}

void take_block(std::string_view label, std::string_view header, const unsigned char* data,
                long size, PemContents& contents) {
  if (label.ends_with("PRIVATE KEY")) {
    take_key(label, header, data, size, contents);
  } else if (label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD ||
             label == PEM_STRING_X509_TRUSTED) {
    X509Pointer certificate(label == PEM_STRING_X509_TRUSTED ? d2i_X509_AUX(nullptr, &data, size)
                                                             : d2i_X509(nullptr, &data, size));
    if (certificate) {
      contents.certificates.push_back(std::move(certificate));
    } else {
      contents.error = "its certificate cannot be parsed: " + error_text();
    }
  }  // other blocks, such as DH parameters, are ignored
}

}  // namespace

PemContents parse_pem(std::string_view pem) {
  PemContents contents;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  ERR_clear_error();
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (contents.error.empty() && PEM_read_bio(bio.get(), &label, &header, &data, &size) == 1) {
    take_block(label, header, data, size, contents);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (contents.error.empty() && !is_end) contents.error = "not valid PEM: " + error_text();
  ERR_clear_error();
  return contents;
}

bool has_private_key(std::string_view pem) {
  return pem.find("PRIVATE KEY-----") != std::string_view::npos;
}

}  // namespace worker::tls
