// What a worker inherits of one listener and its services.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/ids.h"
#include "shm/rate_table.h"
#include "worker/http/client_field.h"
#include "worker/http/error_page.h"
#include "worker/http/relax.h"
#include "worker/net/address.h"
#include "worker/net/address_set.h"
#include "worker/route/client_rules.h"
#include "worker/tls/expiry.h"

namespace worker::tls {
class Context;
}

namespace worker::route {

// The name of the listener's service at `index` in the log: "192.0.2.7:80/1".
std::string service_name(std::string_view listener, std::size_t index);

// A non-blocking listening socket, and the slot whose worker accepts its clients.
struct ListeningSocket {
  int fd;
  shm::Slot slot;
  bool is_shared = false;  // all workers accept from it, each with its own slot
  bool operator==(const ListeningSocket&) const = default;
};

// One limit on clients, of a listener or a service; set by the master.
struct LimitHeritage {
  std::uint32_t row = 0;  // of shm::LimitTable
  shm::LimitId id = 0;    // the same after a reload, even if the rate is another
};

// What the limit's Rate, Per and Burst mean. An interval of 0: it has no rate.
shm::Rate rate_of(const conf::ClientLimit& limit);
// "address", "header:X-Api-Key" or "cookie:sess".
std::string key_text(const conf::ClientLimit& limit);

// What the operator's files of one service say.
struct ServicePages {
  http::OwnPages errors;       // ErrNNN
  http::PageText maintenance;  // the page of Maintenance; null: none
  http::PageText file;         // the File of Respond; null: none
};

struct ListenerHeritage {
  // "192.0.2.1:80" or, for a listener on a name, "www.example.com:80": as configured, so that it
  // does not depend on the addresses that the name has today.
  std::string name;
  std::vector<net::SocketAddress> addresses;  // all of its Address; at least one, without doubles
  std::uint32_t row = 0;                      // of shm::ListenerTable; set by the master
  std::vector<std::uint32_t> service_rows;    // of shm::ServiceTable, as configured; by the master
  std::vector<LimitHeritage> limits;          // as configured; by the master
  std::vector<std::vector<LimitHeritage>> service_limits;  // of each service; by the master
  // Of all addresses and slots; set by the master. After a reload to fewer workers a slot has more
  // than one of an address.
  std::vector<ListeningSocket> sockets;
  std::shared_ptr<const net::AddressSet> trusted;  // TrustedProxies; null: no peer is trusted
  bool trusts_unix = false;                        // `unix:` is among them; then `trusted` is set
  std::shared_ptr<tls::Context> tls;               // for HTTPS
  std::shared_ptr<const tls::CertificateDates> certificates;  // of `tls`: when they expire
  http::RuleSet allowed;                       // rules that are relaxed for all requests
  std::vector<http::RuleSet> service_allowed;  // for each service, including `allowed`
  http::ClientField client_field;              // ClientField
  ClientRules clients;                         // Clients
  std::vector<ClientRules> service_clients;    // for each service
  // The file of users of each service, by its index in auth::Heritage; nothing: none is needed.
  std::vector<std::optional<std::uint32_t>> service_users;
  std::string allowed_methods;              // the value of Allow in a 405
  http::OwnPages pages;                     // ErrNNN
  std::vector<ServicePages> service_pages;  // for each service
};

}  // namespace worker::route
