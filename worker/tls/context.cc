// OpenSSL's contexts for one listener: see context.h.
//
// A name has a set of certificates, at most one per type of key; there is one context per set. The
// name selects the context before OpenSSL opens a ticket. Tickets carry the context's id, so that
// no session is resumed under other certificates than it was made under.
#include "worker/tls/context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <vector>

#include "worker/log/escape.h"
#include "worker/tls/certificate.h"
#include "worker/tls/client_auth.h"
#include "worker/tls/hello.h"
#include "worker/tls/secure_heap.h"
#include "worker/tls/settings.h"
#include "worker/tls/tickets.h"

namespace worker::tls {

namespace {

using conf::Diagnostics;

constexpr long kTicketSeconds = 2 * 3600;

struct ContextDelete {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, ContextDelete>;

// The certificates of one name, in the order of the configuration.
using Set = std::vector<const Certificate*>;

void load_library() {
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  unsigned char byte;
  RAND_bytes(&byte, 1);
  RAND_priv_bytes(&byte, 1);
}

std::string lowered(std::string_view host) {
  std::string out(host);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace

struct Context::Impl {
  // A set of certificates, ready for OpenSSL.
  struct Site {
    ContextPointer context;
    std::vector<KeyUse> keys;

    bool serves(SSL* session) const {
      return std::any_of(keys.begin(), keys.end(),
                         [&](const KeyUse& key) { return can_verify(session, key); });
    }
  };

  std::vector<std::unique_ptr<Site>> sites;  // the first one is the default
  std::map<Set, const Site*> by_set;
  std::map<std::string, const Site*, std::less<>> by_name;  // wildcards under their "*." name
  ProtocolNames protocols;
  Tickets tickets;
  std::shared_ptr<const CertificateDates> dates;

  const Site* find_wildcard(std::string_view name) const {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0) return nullptr;
    const auto wild = by_name.find("*" + std::string(name.substr(dot)));
    const bool covers = wild != by_name.end() && name_covers(wild->first, name);
    return covers ? wild->second : nullptr;
  }

  // The site of the exact name comes first. If this client can verify none of its certificates, a
  // wildcard's certificate for the name serves.
  const Site* find(SSL* session, std::string_view host) const {
    const std::string name = lowered(host);
    const Site* const wild = find_wildcard(name);
    const auto exact = by_name.find(name);
    if (exact == by_name.end()) return wild;
    const bool needs_wild = wild != nullptr && !exact->second->serves(session);
    return needs_wild && wild->serves(session) ? wild : exact->second;
  }

  bool add_context(const Set& set, const conf::Tls& tls, const Ciphers& ciphers,
                   const ClientAuth& client_auth, Diagnostics& diagnostics);
  // An error leaves by_name incomplete.
  Steps make_contexts(const std::vector<Certificate>& certificates, const conf::Tls& tls,
                      const Ciphers& ciphers, const ClientAuth& client_auth,
                      Diagnostics& diagnostics);

  static int on_hello(SSL* session, int*, void* self) {
    const std::string_view name = server_name(session);
    const Site* const found =
        name.empty() ? nullptr : static_cast<const Impl*>(self)->find(session, name);
    if (found != nullptr && found->context.get() != SSL_get_SSL_CTX(session)) {
      SSL_set_SSL_CTX(session, found->context.get());
    }
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  static int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int is_new) {
    auto* const self = static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    if (is_new != 0) return self->tickets.seal(name, iv, cipher, mac);
    const int result = self->tickets.open(name, iv, cipher, mac);
    // A TLS 1.3 client uses a ticket once, so every resumption gives it a new one.
    return result == 1 && SSL_version(session) == TLS1_3_VERSION ? 2 : result;
  }
};

namespace {

// Sets the id that tickets carry: a digest of the certificates and of the client check.
bool set_id(SSL_CTX* context, const Set& set, const ClientAuth& client_auth) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> one;
  std::string all = client_auth.identity();
  unsigned size = 0;
  for (const Certificate* certificate : set) {
    if (X509_digest(certificate->leaf.get(), EVP_sha256(), one.data(), &size) != 1) return false;
    all.append(reinterpret_cast<const char*>(one.data()), size);
  }
  return EVP_Digest(all.data(), all.size(), one.data(), &size, EVP_sha256(), nullptr) == 1 &&
         SSL_CTX_set_session_id_context(context, one.data(), size) == 1;
}

bool set_limits(SSL_CTX* context, const conf::Tls& tls, const Ciphers& ciphers) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_dh_auto(context, 1);
  return set_protocol(context, tls.min_tls, ciphers);
}

bool same_key_type(const Certificate& a, const Certificate& b) {
  return EVP_PKEY_get_base_id(a.key.get()) == EVP_PKEY_get_base_id(b.key.get());
}

// A set keeps the first certificate of each type of key.
void add_to_set(const Certificate& certificate, Set& set) {
  const bool has = std::any_of(set.begin(), set.end(), [&](const Certificate* one) {
    return same_key_type(*one, certificate);
  });
  if (!has) set.push_back(&certificate);
}

}  // namespace

bool Context::Impl::add_context(const Set& set, const conf::Tls& tls, const Ciphers& ciphers,
                                const ClientAuth& client_auth, Diagnostics& diagnostics) {
  ERR_clear_error();
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_limits(context.get(), tls, ciphers) ||
      !set_id(context.get(), set, client_auth) || !client_auth.apply(context.get())) {
    diagnostics.error(set.front()->where, "OpenSSL rejects these TLS settings: " + error_text());
    return false;
  }
  for (const Certificate* certificate : set) {
    if (set_certificate(context.get(), *certificate)) continue;
    diagnostics.error(certificate->where, "the certificate `" + log::escaped(certificate->path) +
                                              "` cannot be used: " + error_text());
    return false;
  }
  SSL_CTX_set_app_data(context.get(), this);
  SSL_CTX_set_client_hello_cb(context.get(), &Impl::on_hello, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &Impl::on_ticket);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, &protocols);
  auto site = std::make_unique<Site>();
  site->context = std::move(context);
  for (const Certificate* one : set) site->keys.push_back(KeyUse::of(one->key.get()));
  by_set[set] = site.get();
  sites.push_back(std::move(site));
  return true;
}

Steps Context::Impl::make_contexts(const std::vector<Certificate>& certificates,
                                   const conf::Tls& tls, const Ciphers& ciphers,
                                   const ClientAuth& client_auth, Diagnostics& diagnostics) {
  std::map<std::string, Set> sets;
  for (const Certificate& certificate : certificates) {
    for (const std::string& name : certificate.names) add_to_set(certificate, sets[name]);
  }
  // The default set: the first certificate, and those of other key types for its first name.
  const Certificate& first = certificates.front();
  Set set{&first};
  if (!first.names.empty()) set = sets[first.names.front()];
  if (!add_context(set, tls, ciphers, client_auth, diagnostics)) co_return;
  for (const auto& [name, wanted] : sets) {
    if (!by_set.contains(wanted)) {
      co_yield Step{};
      if (!add_context(wanted, tls, ciphers, client_auth, diagnostics)) co_return;
    }
    by_name[name] = by_set[wanted];
  }
  by_set.clear();
}

namespace {

void warn_about_full_heap(const std::vector<Certificate>& certificates, Diagnostics& diagnostics) {
  const auto outside = std::count_if(certificates.begin(), certificates.end(),
                                     [](const Certificate& one) { return !one.is_key_in_heap; });
  if (outside == 0) return;
  diagnostics.warning(conf::Lint::locked_memory, certificates.front().where,
                      "the memory that Pound locked at its start is full; until a restart, some "
                      "private keys of this listener (" +
                          std::to_string(outside) + " of " + std::to_string(certificates.size()) +
                          ") may be swapped out");
}

}  // namespace

Context::Context(std::unique_ptr<Impl> impl) : SessionGroup(Side::server), impl_(std::move(impl)) {}
Context::~Context() = default;

std::shared_ptr<Context> Context::make(const conf::Tls& tls, Diagnostics& diagnostics) {
  reserve_secure_heap({&tls}, diagnostics);
  std::shared_ptr<Context> made;
  Steps steps = load(tls, diagnostics, made);
  while (steps.next()) continue;
  return made;
}

Steps Context::load(const conf::Tls& tls, Diagnostics& diagnostics,
                    std::shared_ptr<Context>& made) {
  load_library();
  Diagnostics own;  // so that the errors of other listeners do not end this one's load
  std::unique_ptr<Impl> impl;
  Steps steps = load_parts(tls, own, impl);
  while (steps.next()) co_yield Step{};
  diagnostics.append(own);
  if (impl && !own.has_errors()) made.reset(new Context(std::move(impl)));
}

Steps Context::load_parts(const conf::Tls& tls, Diagnostics& diagnostics,
                          std::unique_ptr<Impl>& impl) {
  std::vector<Certificate> certificates;
  Steps reading = load_certificates(tls.certificates, ShownTo::clients, certificates, diagnostics);
  while (reading.next()) co_yield Step{};
  warn_about_full_heap(certificates, diagnostics);
  const Ciphers ciphers = usable_ciphers(tls.ciphers, diagnostics);
  const std::optional<ClientAuth> client_auth = ClientAuth::load(tls.client_cert, diagnostics);
  if (certificates.empty() || !client_auth || diagnostics.has_errors()) co_return;
  impl = std::make_unique<Impl>();
  impl->protocols = protocol_names(tls.protocols);
  impl->dates = std::make_shared<const CertificateDates>(dates_of(certificates));
  Steps making = impl->make_contexts(certificates, tls, ciphers, *client_auth, diagnostics);
  while (making.next()) co_yield Step{};
}

void Context::use_tickets(const shm::TicketKeys& keys) { impl_->tickets.use(keys); }

std::shared_ptr<const CertificateDates> Context::dates() const { return impl_->dates; }

bool Context::free_step() {
  impl_->sites.pop_back();
  return !impl_->sites.empty();
}

SSL* Context::new_session() { return SSL_new(impl_->sites.front()->context.get()); }

bool Context::covers(const SSL* session, std::string_view host) {
  X509* const certificate = SSL_get_certificate(session);
  if (certificate == nullptr) return false;
  const std::string name = lowered(host);
  std::string_view ip = name;
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const bool is_valid = X509_check_host(certificate, name.data(), name.size(),
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1 ||
                        X509_check_ip_asc(certificate, std::string(ip).c_str(), 0) == 1;
  ERR_clear_error();
  return is_valid;
}

}  // namespace worker::tls
