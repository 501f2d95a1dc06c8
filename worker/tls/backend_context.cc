// OpenSSL's context for one backend: see backend_context.h.
#include "worker/tls/backend_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "worker/tls/settings.h"

namespace worker::tls {

namespace {

using conf::Diagnostics;

// Sessions that wait to be resumed, of one worker. A ticket of TLS 1.3 serves once, and a backend
// usually sends two.
constexpr std::size_t kKeptSessions = 16;

struct ContextDelete {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SessionDelete {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPointer = std::unique_ptr<SSL_SESSION, SessionDelete>;

// What may be resumed; the latest is the last.
class ResumableSessions {
 public:
  void add(SSL_SESSION* session) {
    if (sessions_.size() == kKeptSessions) sessions_.erase(sessions_.begin());
    sessions_.emplace_back(session);
  }

  // OpenSSL takes a reference of its own.
  void offer(SSL* connection) {
    while (!sessions_.empty()) {
      SSL_SESSION* const session = sessions_.back().get();
      const bool may_resume = SSL_SESSION_is_resumable(session) == 1;
      if (may_resume) SSL_set_session(connection, session);
      const bool serves_once = SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
      if (!may_resume || serves_once) sessions_.pop_back();
      if (may_resume) return;
    }
  }

 private:
  std::vector<SessionPointer> sessions_;
};

// What OpenSSL's macro SSL_set_tlsext_host_name does, with an old-style cast.
void set_server_name(SSL* connection, std::string& name) {
  SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

bool is_ip_address(const std::string& name) {
  ASN1_OCTET_STRING* const ip = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(ip);
  ERR_clear_error();
  return ip != nullptr;
}

}  // namespace

struct BackendContext::Impl {
  std::unique_ptr<SSL_CTX, ContextDelete> context;
  std::string name;  // for SNI and the check; an IP address is checked only
  bool is_ip = false;
  bool verifies = true;
  std::string alpn;  // as on the wire; empty: no ALPN
  ResumableSessions resumable;
  std::shared_ptr<const CertificateDates> dates;

  static int on_session(SSL* connection, SSL_SESSION* session) {
    static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)))->resumable.add(session);
    return 1;  // the reference is ours
  }

  bool set_limits(const conf::BackendTls& tls, const Ciphers& ciphers);
  bool set_trust(const conf::BackendTls& tls, Trust& trust, Diagnostics& diagnostics);
  bool load_certificate(const conf::BackendTls& tls, Diagnostics& diagnostics);
};

bool BackendContext::Impl::set_limits(const conf::BackendTls& tls, const Ciphers& ciphers) {
  SSL_CTX* const one = context.get();
  SSL_CTX_set_app_data(one, this);
  SSL_CTX_set_session_cache_mode(one, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(one, on_session);
  return set_protocol(one, tls.min_tls, ciphers);
}

// Whom to believe: the authorities, and the name that the certificate must have.
bool BackendContext::Impl::set_trust(const conf::BackendTls& tls, Trust& trust,
                                     Diagnostics& diagnostics) {
  if (!verifies) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return true;
  }
  X509_STORE* const store = trust.store(tls, diagnostics);
  if (store == nullptr) return false;
  SSL_CTX_set_cert_store(context.get(), store);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context.get());
  if (is_ip) return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1;
}

// The certificate that Pound shows to a backend which asks for one.
bool BackendContext::Impl::load_certificate(const conf::BackendTls& tls, Diagnostics& diagnostics) {
  if (!tls.certificate) return true;
  const std::vector<conf::Tls::Certificate> wanted{*tls.certificate};
  std::vector<Certificate> loaded;
  Steps reading = load_certificates(wanted, ShownTo::backend, loaded, diagnostics);
  while (reading.next()) continue;
  if (loaded.empty() || diagnostics.has_errors()) return false;
  loaded.resize(1);
  dates = std::make_shared<const CertificateDates>(dates_of(loaded));
  return set_certificate(context.get(), loaded.front());
}

BackendContext::BackendContext(std::unique_ptr<Impl> impl)
    : SessionGroup(Side::client), impl_(std::move(impl)) {}
BackendContext::~BackendContext() = default;

std::shared_ptr<BackendContext> BackendContext::make(const conf::BackendTls& tls,
                                                     const std::string& address, Trust& trust,
                                                     Diagnostics& diagnostics) {
  const Ciphers ciphers = usable_ciphers(tls.ciphers, diagnostics);
  if (ciphers.suites_1_3.empty()) return nullptr;
  Diagnostics own;  // so that the errors of others are not taken for this backend's
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_client_method()));
  impl->name = tls.name.empty() ? address : tls.name;
  impl->is_ip = is_ip_address(impl->name);
  impl->verifies = tls.verify;
  if (tls.alpn) impl->alpn = "\x08http/1.1";
  const bool is_ready = impl->context && impl->set_limits(tls, ciphers) &&
                        impl->set_trust(tls, trust, own) && impl->load_certificate(tls, own);
  diagnostics.append(own);
  if (own.has_errors()) return nullptr;
  if (!is_ready) {
    diagnostics.error(tls.where, "OpenSSL rejects these TLS settings: " + error_text());
    return nullptr;
  }
  return std::shared_ptr<BackendContext>(new BackendContext(std::move(impl)));
}

std::shared_ptr<const CertificateDates> BackendContext::dates() const { return impl_->dates; }

SSL* BackendContext::new_session() {
  SSL* const made = SSL_new(impl_->context.get());
  if (made == nullptr) return nullptr;
  if (!impl_->is_ip && !impl_->name.empty()) set_server_name(made, impl_->name);
  if (!impl_->alpn.empty()) {
    SSL_set_alpn_protos(made, reinterpret_cast<const unsigned char*>(impl_->alpn.data()),
                        static_cast<unsigned>(impl_->alpn.size()));
  }
  impl_->resumable.offer(made);
  return made;
}

}  // namespace worker::tls
