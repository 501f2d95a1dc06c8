// Checks across sections: see validate.h.
//
// Compares addresses as they are written. worker::prepare finds a name that resolves to the address
// of another listener.
#include "conf/validate.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "conf/address.h"
#include "conf/reach.h"
#include "conf/scalar.h"
#include "conf/service.h"

namespace conf {

namespace {

constexpr unsigned kMostThreads = 65535;

using Endpoint = std::pair<std::string, std::uint16_t>;

bool is_complete(const Listener& listener) {
  return !listener.address.empty() && (listener.port != 0 || is_path(listener.address));
}

void check_clashes(const Config& config, Diagnostics& diagnostics) {
  std::map<Endpoint, const Listener*> taken;
  for (const Listener& listener : config.listeners) {
    if (!is_complete(listener)) continue;
    const auto [first, is_new] =
        taken.emplace(Endpoint{listener.address, listener.port}, &listener);
    if (is_new) continue;
    diagnostics.error(listener.address_where,
                      "another listener already has " + host_port(listener.address, listener.port));
    diagnostics.note(first->second->address_where, "it is here");
  }
}

void check_control(const Config& config, Diagnostics& diagnostics) {
  if (!config.control) return;
  for (const Listener& listener : config.listeners) {
    if (listener.address != config.control->path) continue;
    diagnostics.error(config.control->path_where,
                      "`Control` has the path of a listener: " + listener.address);
    diagnostics.note(listener.address_where, "it is here");
  }
}

// The proxies that a listener trusts; nothing when an error may have hidden them.
const AddressList* trusted_by(const Listener& listener, const Config& config) {
  if (listener.trusted_proxies) return &*listener.trusted_proxies;
  const bool is_known = listener.is_whole && config.global.is_whole && config.is_whole;
  return is_known ? &config.global.trusted_proxies : nullptr;
}

// Without a trusted peer no header would ever be read, and the balancer would be taken for the
// client.
void check_proxy_protocol(const Config& config, Diagnostics& diagnostics) {
  for (const Listener& listener : config.listeners) {
    const AddressList* const trusted = trusted_by(listener, config);
    if (!listener.proxy_protocol || trusted == nullptr || !trusted->empty()) continue;
    diagnostics.error(listener.proxy_protocol_where,
                      "`ProxyProtocol` needs `TrustedProxies`, here or in Global: only the peers "
                      "in it may say who their client is");
  }
}

bool is_numeric_ipv4(const std::string& address) {
  return address.find_first_not_of("0123456789.") == std::string::npos;
}

void check_overlaps(const Config& config, Diagnostics& diagnostics) {
  std::map<Endpoint, const Listener*> wildcards;
  for (const Listener& listener : config.listeners) {
    if (is_wildcard(listener.address)) {
      wildcards.emplace(Endpoint{listener.address, listener.port}, &listener);
    }
  }
  for (const Listener& listener : config.listeners) {
    const std::string& address = listener.address;
    if (is_wildcard(address) || (!is_ipv6(address) && !is_numeric_ipv4(address))) continue;
    const std::string all = is_ipv6(address) ? "::" : "0.0.0.0";
    const auto found = wildcards.find({all, listener.port});
    if (found == wildcards.end()) continue;
    diagnostics.warning(Lint::overlapping_address, listener.address_where,
                        "another listener has port " + std::to_string(listener.port) +
                            " of all addresses; connections to " + address +
                            " go to this one only");
    diagnostics.note(found->second->address_where, "it is here");
  }
}

// Whether a client that follows the redirect comes back to the same listener and path.
bool leads_to_itself(const Redirect& redirect, const Listener& listener) {
  const std::string& path = redirect.path;
  const bool keeps_path = path.empty() || path == "$path" || path == "$path?$query";
  if (!redirect.host.empty() || !keeps_path) return false;
  const std::string_view own = listener.tls ? "https://" : "http://";
  const std::string_view usual = listener.tls ? ":443" : ":80";
  const std::string_view port = redirect.port.empty() ? usual : redirect.port;
  return redirect.scheme == own && port == ":" + std::to_string(listener.port);
}

void check_services(const Listener& listener, Diagnostics& diagnostics) {
  const auto& services = listener.services;
  if (services.empty() && listener.is_whole) {
    diagnostics.warning(Lint::no_services, listener.where,
                        "a listener without services: every request gets 404");
  }
  for (const Service& service : services) {
    if (service.redirect && leads_to_itself(*service.redirect, listener)) {
      diagnostics.warning(
          Lint::redirect_loop, service.redirect->where,
          "this service redirects to itself: clients would be redirected without end");
    }
    if (!service.backends.empty() || service.redirect || service.serve) continue;
    if (service.respond || service.disabled || !service.is_whole) continue;
    diagnostics.warning(Lint::no_backends, service.where,
                        "a service without backends: every request that matches gets 503");
  }
  for (const Unreachable& found : unreachable_services(services)) {
    if (!found.hidden_by) {
      diagnostics.warning(Lint::unreachable_service, services[found.service].where,
                          "this service can never be reached: what it asks contradicts itself");
      continue;
    }
    diagnostics.warning(Lint::unreachable_service, services[found.service].where,
                        "this service can never be reached: an earlier one takes all its requests");
    diagnostics.note(services[*found.hidden_by].where, "it begins here");
  }
  const auto catch_all = std::ranges::find_if(services, [](const Service& service) {
    return service.is_whole && matches_everything(service);
  });
  if (services.end() - catch_all < 2) return;
  const auto others = services.end() - catch_all - 2;
  diagnostics.warning(Lint::unreachable_service, (catch_all + 1)->where,
                      (others == 0 ? std::string("this service")
                                   : "this service and " + std::to_string(others) + " after it") +
                          " can never be reached: an earlier service matches every request");
  diagnostics.note(catch_all->where, "it begins here");
}

// With two such headers, a browser uses the first one only.
void check_hsts(const Config& config, const Listener& listener, Diagnostics& diagnostics) {
  constexpr std::string_view kName = "strict-transport-security:";
  if (!listener.tls || listener.tls->hsts.count() == 0) return;
  for (const Service& service : listener.services) {
    for (const std::size_t index : service.backends) {
      const Backend& backend = config.backends[index];
      for (const AddedLine& line : backend.head_add) {
        if (!equal_ignoring_case(std::string_view(line.text).substr(0, kName.size()), kName)) {
          continue;
        }
        diagnostics.warning(Lint::double_hsts, line.where,
                            "`HeadAdd` adds the header that a listener's `HSTS` already adds; "
                            "responses will have two Strict-Transport-Security");
        diagnostics.note(listener.tls->hsts_where, "that `HSTS` is here");
      }
    }
  }
}

void check_client_field(const Config& config, const Listener& listener, Diagnostics& diagnostics) {
  const AddressList* const trusted = trusted_by(listener, config);
  if (!listener.client_field || trusted == nullptr || !trusted->empty()) return;
  diagnostics.warning(
      Lint::no_effect, listener.client_field_where,
      "`ClientField` has no effect without `TrustedProxies`: every peer is a client");
}

// A service that has backends, but takes no new client.
void check_disabled(const Config& config, const Listener& listener, Diagnostics& diagnostics) {
  const auto is_disabled = [&](std::size_t i) { return config.backends[i].disabled; };
  for (const Service& service : listener.services) {
    if (service.backends.empty() || !service.is_whole) continue;
    if (!std::all_of(service.backends.begin(), service.backends.end(), is_disabled)) continue;
    const bool has_others =
        !std::all_of(service.emergency.begin(), service.emergency.end(), is_disabled);
    diagnostics.warning(Lint::all_disabled, service.backends_where,
                        std::string("all backends of this service are disabled: new clients get ") +
                            (has_others ? "those of `Emergency`" : "503"));
  }
}

// Whether nothing is missing that could use a backend.
bool uses_are_known(const Config& config) {
  return config.is_whole && std::ranges::all_of(config.listeners, [](const Listener& listener) {
           return listener.is_whole && std::ranges::all_of(listener.services, &Service::is_whole);
         });
}

// The backends of a service that get new clients.
std::set<std::size_t> enabled_backends(const Service& service, const Config& config) {
  std::set<std::size_t> enabled;
  for (const std::size_t index : service.backends) {
    if (!config.backends[index].disabled) enabled.insert(index);
  }
  return enabled;
}

// The slots of these backends together; 0: no limit.
unsigned slots_of(const std::set<std::size_t>& backends, const Config& config) {
  unsigned long long sum = 0;
  for (const std::size_t index : backends) {
    if (config.backends[index].threads == 0) return 0;
    sum += config.backends[index].threads;
  }
  return sum > kMostThreads ? 0 : static_cast<unsigned>(sum);
}

// Two backends were meant to carry more than one, but the listener's default lets no more requests
// in than one backend takes by default.
void check_threads(const Config& config, const Listener& listener, Diagnostics& diagnostics) {
  if (listener.has_threads || !listener.is_whole) return;
  std::set<std::size_t> all;
  bool is_limited = false;  // a service's backends, together, by the listener
  for (const Service& service : listener.services) {
    const std::set<std::size_t> own = enabled_backends(service, config);
    const unsigned slots = slots_of(own, config);
    is_limited = is_limited || (own.size() > 1 && (slots == 0 || slots > listener.threads));
    all.insert(own.begin(), own.end());
  }
  if (!is_limited) return;
  const unsigned needed = slots_of(all, config);
  diagnostics.warning(Lint::default_threads, listener.where,
                      "this listener has no `Threads`, so that all of its backends together get " +
                          std::to_string(listener.threads) + " requests at a time; they take " +
                          (needed == 0 ? "any number" : std::to_string(needed)) +
                          ": write `Threads: " + std::to_string(needed) + "`");
}

bool is_kept_in_store(const Service& service) {
  using Type = SessionPolicy::Type;
  return service.session.type != Type::none && service.session.type != Type::insert;
}

void check_store(const Config& config, Diagnostics& diagnostics) {
  if (!config.global.session_store || !uses_are_known(config)) return;
  for (const Listener& listener : config.listeners) {
    if (std::ranges::any_of(listener.services, is_kept_in_store)) return;
  }
  diagnostics.warning(Lint::unused_store, config.global.session_store->where,
                      "`SessionStore` has nothing to keep: no service has a `Session` of another "
                      "type than INSERT");
}

void check_unused(const Config& config, Diagnostics& diagnostics) {
  if (!uses_are_known(config)) return;
  std::vector<bool> used(config.backends.size());
  for (const Listener& listener : config.listeners) {
    for (const Service& service : listener.services) {
      for (const std::size_t index : service.backends) used[index] = true;
      for (const std::size_t index : service.emergency) used[index] = true;
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    diagnostics.warning(Lint::unused_backend, config.backends[i].where,
                        "no service uses the backend " + config.backends[i].name);
  }
}

}  // namespace

void validate(const Config& config, const Position& file, Diagnostics& diagnostics) {
  check_clashes(config, diagnostics);
  check_control(config, diagnostics);
  if (config.listeners.empty() && config.is_whole) {
    diagnostics.error(file, "no listeners: there is nothing to do");
    return;
  }
  check_proxy_protocol(config, diagnostics);
  check_overlaps(config, diagnostics);
  for (const Listener& listener : config.listeners) {
    check_services(listener, diagnostics);
    check_hsts(config, listener, diagnostics);
    check_client_field(config, listener, diagnostics);
    check_disabled(config, listener, diagnostics);
    check_threads(config, listener, diagnostics);
  }
  check_unused(config, diagnostics);
  check_store(config, diagnostics);
}

}  // namespace conf
