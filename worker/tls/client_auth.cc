// Client certificates: see client_auth.h.
#include "worker/tls/client_auth.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <string_view>
#include <utility>

namespace worker::tls {

namespace {

constexpr std::size_t kMaxName = 1024;  // bytes of a subject or an issuer that a backend sees

// A CRL speaks for the authority that signed it. Certificates of authorities without a CRL are
// not checked for revocation.
int on_verify(int is_valid, X509_STORE_CTX* chain) {
  if (X509_STORE_CTX_get_error(chain) != X509_V_ERR_UNABLE_TO_GET_CRL) return is_valid;
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// The name as RFC 2253 writes it: control bytes and bytes outside ASCII become \XX.
std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string text;
  if (size <= 0) return text;
  for (const char c : std::string_view(data, static_cast<std::size_t>(size)).substr(0, kMaxName)) {
    text += c < ' ' || c > '~' ? '?' : c;
  }
  return text;
}

std::string serial_text(const X509* certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr), BN_free);
  char* const hex = BN_bn2hex(number.get());
  std::string text = hex != nullptr ? hex : "";
  OPENSSL_free(hex);
  return text;
}

}  // namespace

std::optional<ClientAuth> ClientAuth::load(const std::optional<conf::Tls::ClientCert>& wanted,
                                           conf::Diagnostics& diagnostics) {
  ClientAuth made;
  made.wanted_ = wanted;
  if (!wanted) return made;
  std::optional<Authorities> authorities = load_authorities(*wanted, diagnostics);
  if (!authorities) return std::nullopt;
  made.authorities_ = std::move(*authorities);
  return made;
}

bool ClientAuth::apply(SSL_CTX* context) const {
  if (!wanted_) return true;
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const X509Pointer& one : authorities_.certificates) {
    if (X509_STORE_add_cert(store, one.get()) != 1) return false;
    if (SSL_CTX_add_client_CA(context, one.get()) != 1) return false;
  }
  for (const CrlPointer& one : authorities_.crls) {
    if (X509_STORE_add_crl(store, one.get()) != 1) return false;
  }
  // An intermediate in the file is trusted as it is, without its root.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (!authorities_.crls.empty()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), flags);
  int mode = SSL_VERIFY_PEER;
  if (wanted_->mode == conf::Tls::ClientCert::Mode::require)
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, on_verify);
  SSL_CTX_set_verify_depth(context, static_cast<int>(wanted_->depth));
  return true;
}

std::string ClientAuth::identity() const {
  if (!wanted_) return {};
  const bool is_required = wanted_->mode == conf::Tls::ClientCert::Mode::require;
  std::string text = (is_required ? "require" : "ask") + std::to_string(wanted_->depth) + '\n';
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const auto append = [&] { text.append(reinterpret_cast<const char*>(digest.data()), size); };
  for (const X509Pointer& one : authorities_.certificates) {
    if (X509_digest(one.get(), EVP_sha256(), digest.data(), &size) == 1) append();
  }
  for (const CrlPointer& one : authorities_.crls) {
    if (X509_CRL_digest(one.get(), EVP_sha256(), digest.data(), &size) == 1) append();
  }
  return text;
}

std::string_view version_name(const SSL* session) { return SSL_get_version(session); }

std::string_view cipher_name(const SSL* session) { return SSL_get_cipher_name(session); }

void append_fields(const SSL* session, std::string& out) {
  append_field(out, "X-SSL-Cipher", SSL_get_cipher_name(session));
  append_field(out, "X-SSL-Protocol", SSL_get_version(session));
  if ((SSL_get_verify_mode(session) & SSL_VERIFY_PEER) == 0) return;
  const X509* const certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr) return append_field(out, "X-SSL-Verify", "NONE");
  append_field(out, "X-SSL-Subject", name_text(X509_get_subject_name(certificate)));
  append_field(out, "X-SSL-Issuer", name_text(X509_get_issuer_name(certificate)));
  append_field(out, "X-SSL-Serial", serial_text(certificate));
  const bool is_well = SSL_get_verify_result(session) == X509_V_OK;
  append_field(out, "X-SSL-Verify", is_well ? "SUCCESS" : "FAILED");
}

}  // namespace worker::tls
