// Authorities and revocation lists: see authorities.h.
#include "worker/tls/authorities.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <string_view>

#include "conf/file.h"
#include "worker/log/escape.h"

namespace worker::tls {

namespace {

using conf::Diagnostics;
using conf::Position;

// One file of the configuration.
struct Source {
  const std::string& path;
  const Position& where;
  std::string_view title;     // "authorities"
  std::string_view contents;  // "certificates"
};

// Appends what the file contains to `out`. The reason why it cannot be used, or an empty text.
std::string read(const std::string& path, Authorities& out) {
  conf::FileError error;
  const std::optional<std::string> pem = conf::read_file(path, kMaxAuthorityFile, error);
  if (!pem) return error.text();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())), BIO_free);
  ERR_clear_error();
  STACK_OF(X509_INFO)* const blocks = PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr);
  if (blocks == nullptr) return "not valid PEM: " + error_text();
  for (int i = 0; i < sk_X509_INFO_num(blocks); ++i) {
    X509_INFO* const block = sk_X509_INFO_value(blocks, i);
    if (block->x509 != nullptr) out.certificates.emplace_back(block->x509);
    if (block->crl != nullptr) out.crls.emplace_back(block->crl);
    block->x509 = nullptr;
    block->crl = nullptr;
  }
  sk_X509_INFO_pop_free(blocks, X509_INFO_free);
  ERR_clear_error();
  return {};
}

bool refuse(const Source& source, const std::string& why, Diagnostics& diagnostics) {
  diagnostics.error(source.where, std::string("cannot use the ").append(source.title) + " `" +
                                      log::escaped(source.path) + "`: " + why +
                                      "; expected a PEM file of " + std::string(source.contents));
  return false;
}

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return log::escaped({data, size > 0 ? static_cast<std::size_t>(size) : 0});
}

// False for a CRL that names one of the authorities as its issuer, but that none of them signed.
// Every client of that authority would be refused. The issuer may also be an intermediate that
// clients send; OpenSSL checks such a CRL during the handshake.
bool is_genuine(X509_CRL* crl, const std::vector<X509Pointer>& certificates) {
  bool is_named = false;
  for (const X509Pointer& one : certificates) {
    if (X509_NAME_cmp(X509_get_subject_name(one.get()), X509_CRL_get_issuer(crl)) != 0) continue;
    is_named = true;
    if (X509_CRL_verify(crl, X509_get0_pubkey(one.get())) == 1) return true;
  }
  ERR_clear_error();
  return !is_named;
}

bool check_crls(const Source& source, const Authorities& all, std::size_t first,
                Diagnostics& diagnostics) {
  for (std::size_t i = first; i < all.crls.size(); ++i) {
    X509_CRL* const crl = all.crls[i].get();
    const std::string title = "the CRL of `" + text_of(X509_CRL_get_issuer(crl)) + "`";
    if (!is_genuine(crl, all.certificates)) {
      return refuse(source, title + " has a signature that is not its issuer's", diagnostics);
    }
    const ASN1_TIME* const next = X509_CRL_get0_nextUpdate(crl);
    const bool is_early = X509_cmp_current_time(X509_CRL_get0_lastUpdate(crl)) > 0;
    const bool is_late = next != nullptr && X509_cmp_current_time(next) < 0;
    if (!is_early && !is_late) continue;
    diagnostics.warning(conf::Lint::certificate_dates, source.where,
                        title + " in `" + log::escaped(source.path) + "` " +
                            (is_late ? "has expired" : "is not valid yet") +
                            "; Pound refuses all certificates of this issuer");
  }
  return true;
}

}  // namespace

void CrlDelete::operator()(X509_CRL* crl) const { X509_CRL_free(crl); }

namespace {

bool load_certificates_of(const Source& source, Authorities& all, Diagnostics& diagnostics) {
  std::string why = read(source.path, all);
  if (why.empty() && all.certificates.empty()) why = "it contains no certificate";
  return why.empty() || refuse(source, why, diagnostics);
}

constexpr int kMinSecurityBits = 112;  // OpenSSL's security level 2

// A chain of certificates with such a key in it is never valid (X509_V_ERR_CA_KEY_TOO_SMALL).
void warn_of_weak_keys(const Source& source, const Authorities& all, std::string_view whose,
                       Diagnostics& diagnostics) {
  for (const X509Pointer& one : all.certificates) {
    const EVP_PKEY* const key = X509_get0_pubkey(one.get());
    if (key == nullptr || EVP_PKEY_get_security_bits(key) >= kMinSecurityBits) continue;
    diagnostics.warning(conf::Lint::weak_key, source.where,
                        "the authority `" + text_of(X509_get_subject_name(one.get())) + "` in `" +
                            log::escaped(source.path) + "` has a key of " +
                            std::to_string(EVP_PKEY_get_bits(key)) +
                            " bits, which is too weak: Pound refuses all certificates of " +
                            std::string(whose) + " that it has signed");
  }
}

// Where the file of all authorities is: Debian's place, that of other systems, OpenSSL's.
std::string system_file() {
  for (const char* const path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
    if (::access(path, R_OK) == 0) return path;
  }
  return X509_get_default_cert_file();
}

}  // namespace

std::optional<Authorities> load_authorities(const conf::Tls::ClientCert& wanted,
                                            Diagnostics& diagnostics) {
  Authorities all;
  const Source ca{wanted.ca, wanted.ca_where, "authorities", "certificates"};
  if (!load_certificates_of(ca, all, diagnostics)) return std::nullopt;
  if (!check_crls(ca, all, 0, diagnostics)) return std::nullopt;
  warn_of_weak_keys(ca, all, "clients", diagnostics);
  if (wanted.crl.empty()) return all;
  const Source lists{wanted.crl, wanted.crl_where, "revocation lists", "CRLs"};
  Authorities more;
  std::string why = read(wanted.crl, more);
  if (why.empty() && more.crls.empty()) why = "it contains no CRL";
  if (!why.empty()) {
    refuse(lists, why, diagnostics);
    return std::nullopt;
  }
  // A certificate in this file does not become an authority.
  const std::size_t first = all.crls.size();
  for (CrlPointer& one : more.crls) all.crls.push_back(std::move(one));
  if (!check_crls(lists, all, first, diagnostics)) return std::nullopt;
  return all;
}

void Trust::Delete::operator()(X509_STORE* store) const { X509_STORE_free(store); }

Trust::StorePointer Trust::load(const std::string& path, const Position& where,
                                Diagnostics& diagnostics) {
  Authorities all;
  const Source source{path, where, "authorities", "certificates"};
  if (!load_certificates_of(source, all, diagnostics)) return nullptr;
  if (path != system_file()) warn_of_weak_keys(source, all, "backends", diagnostics);
  StorePointer store(X509_STORE_new());
  for (const X509Pointer& one : all.certificates) {
    if (!store || X509_STORE_add_cert(store.get(), one.get()) != 1) {
      diagnostics.error(
          where, "the authorities in `" + log::escaped(path) + "` cannot be used: " + error_text());
      return nullptr;
    }
  }
  return store;
}

X509_STORE* Trust::store(const conf::BackendTls& tls, Diagnostics& diagnostics) {
  if (!tls.ca.empty()) return load(tls.ca, tls.ca_where, diagnostics).release();
  if (!system_) system_ = load(system_file(), tls.ca_where, diagnostics);
  if (system_) X509_STORE_up_ref(system_.get());
  return system_.get();
}

}  // namespace worker::tls
