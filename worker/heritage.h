// All that a worker inherits by fork, in one struct.
//
// prepare() fills the first part (what a generation is made of), the master the second (what one
// process of it gets). A worker reads nothing else: after the drop of privileges no path is opened.
// Descriptors are borrowed: they belong to the process, and end with it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/ids.h"
#include "worker/http/error_page.h"
#include "worker/http/relax.h"
#include "worker/keyed_hash.h"

namespace shm {
class Segment;
}

namespace worker {

class TlsContext;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Numeric "192.0.2.7" / "2001:db8::1", and "192.0.2.7:80" / "[2001:db8::1]:80".
std::string host_text(const SocketAddress& address);
std::string host_port_text(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);
bool is_wildcard(const SocketAddress& address);  // 0.0.0.0 or ::

// What is written into the log for the listener's service at `index`: "192.0.2.7:80/1".
std::string service_name(const SocketAddress& listener, std::size_t index);
// What that service is, so that its sessions and counters find it again after a reload: all but its
// place in the file and its backends.
std::string service_identity(const SocketAddress& listener, const conf::Service& service);

// The codes of the reasons that a listener's refusals are counted by in the segment, by number.
std::vector<std::string_view> refusal_codes();

struct BackendHeritage {
  std::vector<SocketAddress> addresses;  // in the resolver's order; empty: the name did not resolve
  std::string resolve_error;             // then: why
  std::string head_add;                  // ready "Name: value\r\n" lines
  std::uint32_t row = 0;                 // of shm::BackendTable; set by the master
  shm::BackendId id = 0;                 // set by the master
};

struct ListenerHeritage {
  SocketAddress address;
  std::uint32_t row = 0;                    // of shm::ListenerTable; set by the master
  std::vector<std::uint32_t> service_rows;  // of shm::ServiceTable, as configured; by the master
  // Non-blocking; set by the master. Those of all slots: the i-th is of slot i % workers, because a
  // reload to fewer workers leaves some over.
  std::vector<int> sockets;
  std::shared_ptr<TlsContext> tls;             // for HTTPS
  http::RuleSet allowed;                       // rules that are relaxed for all of its requests
  std::vector<http::RuleSet> service_allowed;  // for those of each service, with the former
};

struct Heritage {
  // What prepare() makes. Indices are those of `config`.
  std::shared_ptr<const conf::Config> config;
  std::vector<BackendHeritage> backends;
  std::vector<ListenerHeritage> listeners;
  http::ErrorPages pages;
  std::optional<uid_t> uid;  // of Global User
  std::optional<gid_t> gid;  // of Global Group, else User's primary group
  unsigned workers = 1;      // Global Workers, or the number of CPUs, at most shm::kMaxWorkers

  // What the master adds.
  shm::Segment* segment = nullptr;
  HashSecret session_secret{};  // random; the same for all generations, or sessions would be lost
  int detail = 0;               // -d: 0 = regular, 1 and more = more to the log
  int doorbell = -1;            // eventfd: tells a sleeping master that a log ring has a record
  std::vector<int> wake_fds;  // eventfd of each row: a slot is free for a request, or clients wait

  // What differs from worker to worker.
  shm::Slot slot = 0;
  shm::Row row = 0;
  shm::Generation generation = 1;
  // Socket to the master: we send 'R' when ready; it sends 'G' to go and accept clients, 'D' to
  // drain because others serve now, 'Q' to drain because all is to end. End of file means that the
  // master is gone, and is taken as 'Q'.
  int control = -1;
};

}  // namespace worker
