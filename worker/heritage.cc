// Codes of refusals, and the names of rows: see heritage.h.
#include "worker/heritage.h"

#include <algorithm>
#include <utility>

#include "conf/address.h"
#include "shm/status_objects.h"
#include "worker/http/verdict.h"
#include "worker/tls/expiry.h"

namespace worker {
namespace {

template <class Name>
void put(std::vector<Name>& names, std::uint32_t row, Name name) {
  names.resize(std::max<std::size_t>(names.size(), std::size_t{row} + 1));
  names[row] = std::move(name);
}

// `owner`: the name of the listener or service whose limits they are.
void add_limits(shm::RowNames& names, const std::vector<conf::ClientLimit>& limits,
                const std::vector<route::LimitHeritage>& inherited, const std::string& owner) {
  for (std::size_t i = 0; i < inherited.size(); ++i) {
    const bool observes = limits[i].mode == conf::ClientLimit::Mode::observe;
    put(names.limits, inherited[i].row,
        {owner, i + 1, route::key_text(limits[i]), observes ? "observe" : "enforce"});
  }
}

void add_listener(shm::RowNames& names, const conf::Listener& listener,
                  const route::ListenerHeritage& inherited) {
  put(names.listeners, inherited.row, inherited.name);
  add_limits(names, listener.client_limits, inherited.limits, inherited.name);
  for (std::size_t i = 0; i < inherited.service_rows.size(); ++i) {
    put(names.services, inherited.service_rows[i], route::service_name(inherited.name, i));
  }
  for (std::size_t i = 0; i < inherited.service_limits.size(); ++i) {
    add_limits(names, listener.services[i].client_limits, inherited.service_limits[i],
               route::service_name(inherited.name, i));
  }
}

void put_dates(std::vector<shm::RowNames::Certificate>& all, std::string_view owner,
               const std::string& of, const tls::CertificateDates* dates) {
  if (dates == nullptr) return;
  for (std::size_t i = 0; i < std::min(dates->size(), shm::kMostCertificates); ++i) {
    const tls::CertificateDate& one = (*dates)[i];
    all.push_back({owner, of, one.name, one.path, one.not_after_s});
  }
}

std::vector<shm::RowNames::Certificate> certificates_of(const Heritage& heritage) {
  std::vector<shm::RowNames::Certificate> all;
  for (const route::ListenerHeritage& listener : heritage.listeners) {
    put_dates(all, "listener", listener.name, listener.certificates.get());
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    put_dates(all, "backend", heritage.config->backends[i].name,
              heritage.backends[i].certificates.get());
  }
  if (heritage.store.certificates) {
    put_dates(all, "store", heritage.config->global.session_store->servers[0].address,
              heritage.store.certificates.get());
  }
  return all;
}

// As configured: "a.example:6379,b.example:6379".
std::string store_name(const conf::Config& config) {
  std::string name;
  if (!config.global.session_store) return name;
  for (const conf::SessionStore::Server& server : config.global.session_store->servers) {
    name += (name.empty() ? "" : ",") +
            conf::host_port(server.address, config.global.session_store->port);
  }
  return name;
}

}  // namespace

std::vector<std::string_view> refusal_codes() {
  static_assert(http::kReasons <= shm::kMaxReasons);
  std::vector<std::string_view> codes;
  for (std::size_t i = 0; i < http::kReasons; ++i) {
    codes.push_back(http::info(static_cast<http::Reason>(i)).code);
  }
  return codes;
}

std::vector<std::string> cookie_keys(const Heritage& heritage) {
  if (!heritage.cookie_keys.empty()) return heritage.cookie_keys;
  return {std::string(reinterpret_cast<const char*>(heritage.session_secret.data()),
                      sizeof heritage.session_secret)};
}

void add_names(shm::RowNames& names, const Heritage& heritage) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    add_listener(names, heritage.config->listeners[i], heritage.listeners[i]);
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    // As configured: the name may have several addresses, or none.
    const conf::Backend& backend = heritage.config->backends[i];
    put(names.backends, heritage.backends[i].row,
        {backend.name, conf::host_port(backend.address, backend.port), backend.weight()});
  }
  names.certificates = certificates_of(heritage);
  names.store = store_name(*heritage.config);
  names.reasons = refusal_codes();
}

}  // namespace worker
