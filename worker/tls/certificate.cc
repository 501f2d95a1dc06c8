// Certificates, chains and keys: see certificate.h.
#include "worker/tls/certificate.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "conf/file.h"
#include "worker/log/escape.h"
#include "worker/tls/files.h"

namespace worker::tls {

namespace {

using conf::Diagnostics;
using conf::Position;

constexpr int kMinRsaBits = 2048;
constexpr int kMinSecurityBits = 112;  // OpenSSL's security level 2

// The contents of one PEM file, in their order.
struct Contents {
  std::vector<X509Pointer> certificates;
  std::vector<KeyPointer> keys;
  std::string error;
};

void take_key(std::string_view label, std::string_view header, const unsigned char* data, long size,
              Contents& contents) {
  if (label.starts_with("ENCRYPTED") || header.find("ENCRYPTED") != header.npos) {
    contents.error = "its private key is encrypted, and Pound cannot ask for the password";
    return;
  }
  KeyPointer key(d2i_AutoPrivateKey(nullptr, &data, size));
  if (key) {
    contents.keys.push_back(std::move(key));
  } else {
    contents.error = "its private key cannot be parsed: " + error_text();
  }
}

void take_block(std::string_view label, std::string_view header, const unsigned char* data,
                long size, Contents& contents) {
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

Contents parse(std::string_view pem) {
  Contents contents;
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
  if (!contents.error.empty()) return contents;
  if (contents.certificates.empty()) {
    contents.error = "it contains no certificate";
  } else if (contents.keys.empty()) {
    contents.error = "it contains no private key";
  }
  return contents;
}

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

void check_times(const X509* leaf, const std::string& title, const Position& where,
                 Diagnostics& diagnostics) {
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
    diagnostics.warning(where, title + " has expired; clients will refuse it");
  } else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
    diagnostics.warning(where, title + " is not valid yet; clients will refuse it");
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

void read_certificates(std::string_view pem, const std::string& path, const Position& where,
                       std::vector<Certificate>& out, Diagnostics& diagnostics) {
  std::string title = "the certificate `";
  title.append(log::escaped(path)).append("`");
  Contents contents = parse(pem);
  if (!contents.error.empty()) {
    diagnostics.error(where, title + " cannot be used: " + contents.error +
                                 "; expected a PEM file with certificate, chain and key");
    return;
  }
  for (KeyPointer& key : contents.keys) {
    const auto leaf = std::find_if(
        contents.certificates.begin(), contents.certificates.end(), [&](const X509Pointer& one) {
          return EVP_PKEY_eq(X509_get0_pubkey(one.get()), key.get()) == 1;
        });
    ERR_clear_error();
    if (leaf == contents.certificates.end()) {
      diagnostics.error(where, title + " cannot be used: its key matches no certificate in it");
      return;
    }
    if (const std::string why = weakness(key.get()); !why.empty()) {
      diagnostics.error(where, std::string(title).append(" cannot be used: ").append(why));
      return;
    }
    check_times(leaf->get(), title, where, diagnostics);
    Certificate made;
    X509_up_ref(leaf->get());
    made.leaf.reset(leaf->get());
    made.chain = chain_of(leaf->get(), contents.certificates);
    made.key = std::move(key);
    made.names = names_of(made.leaf.get());
    made.path = path;
    made.where = where;
    out.push_back(std::move(made));
  }
}

Steps load_certificates(const std::vector<conf::Tls::Certificate>& files,
                        std::vector<Certificate>& certificates, Diagnostics& diagnostics) {
  for (const conf::Tls::Certificate& entry : files) {
    for (const std::string& path : expand_path(entry, diagnostics)) {
      conf::FileError why;
      std::optional<std::string> pem = conf::read_file(path, kMaxPemFile, why);
      if (!pem) {
        diagnostics.error(entry.where, "cannot read the certificate `" + log::escaped(path) +
                                           "`: " + why.text() + "; expected a readable PEM file");
        continue;
      }
      const std::string_view text = *pem;
      read_certificates(text, path, entry.where, certificates, diagnostics);
      OPENSSL_cleanse(const_cast<char*>(text.data()), text.size());
      co_yield Step{};
    }
  }
}

}  // namespace worker::tls
