// Certificates, chains and keys: see certificate.h.
#include "worker/tls/certificate.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <optional>
#include <utility>

#include "conf/file.h"
#include "worker/log/escape.h"
#include "worker/tls/files.h"
#include "worker/tls/pem_file.h"

namespace worker::tls {

namespace {

using conf::Diagnostics;
using conf::Position;

constexpr int kMinRsaBits = 2048;
constexpr int kMinCurveBits = 256;
constexpr int kMinSecurityBits = 112;  // OpenSSL's security level 2

std::string weakness(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  const bool is_rsa = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  if (is_rsa && bits < kMinRsaBits) {
    return "its RSA key of " + std::to_string(bits) + " bits is too weak; expected " +
           std::to_string(kMinRsaBits) + " or more";
  }
  const int security = EVP_PKEY_get_security_bits(key);
  if (security < kMinSecurityBits) {
    return "its key is too weak: " + std::to_string(security) + " bits of security; expected " +
           std::to_string(kMinSecurityBits) + " or more";
  }
  return {};
}

void add_name(const ASN1_STRING* text, std::vector<std::string>& names) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return;
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool is_plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           c == '*';
  });
  if (is_plain && std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(std::move(name));
  }
}

// The DNS names of SAN. The CN counts only if SAN has none.
std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  bool has_dns = false;
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all, i);
    if (one->type != GEN_DNS) continue;
    has_dns = true;
    add_name(one->d.dNSName, names);
  }
  GENERAL_NAMES_free(all);
  if (has_dns) return names;
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
    add_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)), names);
  }
  return names;
}

bool is_self_signed(X509* certificate) { return X509_self_signed(certificate, 0) == 1; }

// What OpenSSL accepts, but others may not: "its EC key has 224 bits". Empty for a usual
// certificate.
std::string doubt(X509* certificate, const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "EC") == 1 && bits < kMinCurveBits) {
    return "its EC key has " + std::to_string(bits) + " bits, expected " +
           std::to_string(kMinCurveBits) + " or more";
  }
  int digest = 0;
  int security = 0;
  if (X509_get_signature_info(certificate, &digest, nullptr, &security, nullptr) != 1) return {};
  // With another issuer, OpenSSL refuses it itself.
  if (security >= kMinSecurityBits || !is_self_signed(certificate)) return {};
  return std::string("it is signed with ") + OBJ_nid2sn(digest) + ", expected SHA256 or better";
}

// Follows the issuers upwards from the leaf and takes each certificate once. Leaves out the root:
// a client either has it or does not trust it.
std::vector<X509Pointer> chain_of(X509* leaf, const std::vector<X509Pointer>& pool) {
  std::vector<X509Pointer> chain;
  X509* last = leaf;
  while (last != nullptr && !is_self_signed(last)) {
    X509* next = nullptr;
    for (const X509Pointer& one : pool) {
      const bool is_used = X509_cmp(one.get(), leaf) == 0 ||
                           std::any_of(chain.begin(), chain.end(), [&](const X509Pointer& used) {
                             return X509_cmp(used.get(), one.get()) == 0;
                           });
      if (!is_used && X509_check_issued(one.get(), last) == X509_V_OK) next = one.get();
      if (next != nullptr) break;
    }
    last = next;
    if (next == nullptr || is_self_signed(next)) break;
    X509_up_ref(next);
    chain.emplace_back(next);
  }
  return chain;
}

// The private keys of a file of keys; none after an error.
std::vector<PrivateKey> read_keys(const PemText& file, Diagnostics& diagnostics) {
  PemContents contents = parse_pem(file.text);
  if (contents.error.empty() && contents.keys.empty()) contents.error = "it contains none";
  if (contents.error.empty()) return std::move(contents.keys);
  diagnostics.error(file.where, "the private key `" + log::escaped(file.path) +
                                    "` cannot be used: " + contents.error +
                                    "; expected a PEM file with a private key");
  return {};
}

// The text of a file, wiped at the end.
class SecretText {
 public:
  // Adds an error if the file cannot be read. `title` says what it should be.
  SecretText(std::string_view title, const std::string& path, const Position& where,
             Diagnostics& diagnostics) {
    conf::FileError why;
    text_ = conf::read_file(path, kMaxPemFile, why);
    if (text_) return;
    diagnostics.error(where, std::string("cannot read the ").append(title) + " `" +
                                 log::escaped(path) + "`: " + why.text() +
                                 "; expected a readable PEM file");
  }
  ~SecretText() {
    if (!text_) return;
    const std::string_view text = *text_;
    OPENSSL_cleanse(const_cast<char*>(text.data()), text.size());
  }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  explicit operator bool() const { return text_.has_value(); }
  std::string_view operator*() const { return *text_; }

 private:
  std::optional<std::string> text_;
};

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

// Warns of times that are near or wrong, and notes in `certificate` what it said.
void check_times(Certificate& certificate, ShownTo whom, const std::string& title,
                 Diagnostics& diagnostics) {
  const std::int64_t now_s = std::time(nullptr);
  certificate.not_after_s = seconds_of(X509_get0_notAfter(certificate.leaf.get()));
  certificate.told = expiry_at(certificate.not_after_s, now_s);
  if (certificate.told != Expiry::far) {
    diagnostics.warning(conf::Lint::certificate_dates, certificate.where,
                        title + " " + expiry_text(certificate.not_after_s, now_s, whom));
  }
  if (seconds_of(X509_get0_notBefore(certificate.leaf.get())) > now_s) {
    diagnostics.warning(conf::Lint::certificate_dates, certificate.where,
                        title + " is not valid yet; " + std::string(refusal_text(whom)));
  }
}

}  // namespace

void Delete::operator()(X509* certificate) const { X509_free(certificate); }
void Delete::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

std::string error_text() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason : "unknown reason";
  if (ERR_SYSTEM_ERROR(code)) text = "system error " + std::to_string(ERR_GET_REASON(code));
  ERR_clear_error();
  return text;
}

bool name_covers(std::string_view name, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto equal = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return std::tolower(x) == std::tolower(y);
    });
  };
  if (!name.starts_with("*.")) return !host.empty() && equal(name, host);
  name.remove_prefix(1);
  // A wildcard for a whole top-level domain is not accepted.
  if (name.find('.', 1) == name.npos || name.find('*') != name.npos) return false;
  const std::size_t dot = host.find('.');
  return dot != host.npos && dot != 0 && equal(name, host.substr(dot));
}

CertificateDates dates_of(const std::vector<Certificate>& certificates) {
  CertificateDates dates;
  for (const Certificate& one : certificates) {
    dates.push_back(
        {one.names.empty() ? "" : one.names.front(), one.path, one.not_after_s, one.told});
  }
  std::ranges::stable_sort(dates, {}, &CertificateDate::not_after_s);
  return dates;
}

void read_certificates(const PemText& file, const PemText* key_file, ShownTo whom,
                       std::vector<Certificate>& out, Diagnostics& diagnostics) {
  const std::string title = "the certificate `" + log::escaped(file.path) + "`";
  const auto refuse = [&](const std::string& why) {
    diagnostics.error(file.where, title + " cannot be used: " + why);
  };
  PemContents contents = parse_pem(file.text);
  if (contents.error.empty() && contents.certificates.empty()) {
    contents.error = "it contains no certificate";
  }
  if (contents.error.empty() && key_file != nullptr) {
    contents.keys = read_keys(*key_file, diagnostics);
    if (contents.keys.empty()) return;
  } else if (contents.error.empty() && contents.keys.empty()) {
    contents.error = "it contains no private key, and no file beside it does";
  }
  if (!contents.error.empty()) {
    return refuse(contents.error + "; expected a PEM file with certificate, chain and key");
  }
  for (PrivateKey& key : contents.keys) {
    const auto leaf = std::find_if(
        contents.certificates.begin(), contents.certificates.end(), [&](const X509Pointer& one) {
          return EVP_PKEY_eq(X509_get0_pubkey(one.get()), key.key.get()) == 1;
        });
    ERR_clear_error();
    if (leaf == contents.certificates.end()) {
      return refuse(key_file == nullptr ? "its key matches no certificate in it"
                                        : "the key in `" + log::escaped(key_file->path) +
                                              "` matches no certificate in it");
    }
    if (const std::string why = weakness(key.key.get()); !why.empty()) return refuse(why);
    Certificate made;
    X509_up_ref(leaf->get());
    made.leaf.reset(leaf->get());
    made.chain = chain_of(leaf->get(), contents.certificates);
    made.key = std::move(key.key);
    made.is_key_in_heap = key.is_in_heap;
    made.names = names_of(made.leaf.get());
    made.path = file.path;
    made.where = file.where;
    check_times(made, whom, title, diagnostics);
    if (const std::string why = doubt(made.leaf.get(), made.key.get()); !why.empty()) {
      diagnostics.warning(conf::Lint::weak_key, file.where, title + " is weak: " + why);
    }
    out.push_back(std::move(made));
  }
}

Steps load_certificates(const std::vector<conf::Tls::Certificate>& entries, ShownTo whom,
                        std::vector<Certificate>& certificates, Diagnostics& diagnostics) {
  for (const conf::Tls::Certificate& entry : entries) {
    for (const std::string& path : expand_path(entry, diagnostics)) {
      const SecretText text("certificate", path, entry.where, diagnostics);
      if (!text) continue;
      const PemText file{*text, path, entry.where};
      std::string key_path = entry.key;
      if (key_path.empty() && !has_private_key(*text)) key_path = key_beside(path);
      if (key_path.empty()) {
        read_certificates(file, nullptr, whom, certificates, diagnostics);
        co_yield Step{};
        continue;
      }
      const Position& where = entry.key.empty() ? entry.where : entry.key_where;
      const SecretText key_text("private key", key_path, where, diagnostics);
      if (!key_text) continue;
      const PemText key_file{*key_text, key_path, where};
      read_certificates(file, &key_file, whom, certificates, diagnostics);
      co_yield Step{};
    }
  }
}

}  // namespace worker::tls
