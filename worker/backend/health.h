// The verdict of all workers on backends and on their addresses, and the log lines about it.
//
// A backend is dead when a connect to each of its addresses has failed, or when `Fall` active
// checks in a row have; nothing else makes it dead. One with many errors is ejected for a while. An
// address that does not answer is tried last until it answers again. All of these are facts in the
// segment: only the worker that changes one logs the change. Owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/backend_table.h"
#include "worker/backend/addresses.h"
#include "worker/backend/backend.h"
#include "worker/log/log.h"
#include "worker/net/address.h"

namespace worker::backend {

using shm::kFullShare;

class Health {
 public:
  // `row` is this worker's, where it counts. `all`: the backends that services name. Without them
  // no backend is the last one of a service.
  Health(shm::BackendTable& table, shm::Row row, log::Log& log, const Backends* all = nullptr)
      : table_(table), row_(row), log_(log), all_(all) {}

  // Which part of its weight the backend may be chosen with now: 0 (not at all, as it is dead,
  // ejected or disabled) to kFullShare. An ejected backend counts as live while a service of it has
  // no other.
  unsigned share(const Backend& backend) const {
    if (is_disabled(backend)) return 0;
    if (backend.has_phases) return share_now(backend);
    return table_.is_live(backend.heritage.row) ? kFullShare : 0;
  }

  // Whether the administrator has taken the backend out of use, sessions and all.
  bool is_disabled(const Backend& backend) const {
    return table_.admin().state(backend.heritage.row) == shm::AdminState::disabled;
  }
  // Whether the backend, if it has a share, gets clients without a session, too.
  bool takes_new_clients(const Backend& backend) const {
    return table_.admin().state(backend.heritage.row) == shm::AdminState::enabled;
  }

  // The newest addresses of the backend, in the order in which to try them now. Those that answer
  // take turns.
  AddressOrder addresses(Backend& backend) const;
  // Whether one of several addresses does not answer.
  bool has_silent_address(const Backend& backend) const;

  // A connect to one address has succeeded, or has failed with the errno `error`. The address of a
  // backend that has no other is not noted.
  void address_answers(const Backend& backend, const net::SocketAddress& address);
  void address_is_silent(const Backend& backend, const net::SocketAddress& address, int error);
  // Claims the probe of a silent address that is due. True for one worker.
  bool claim_address_probe(const Backend& backend, const net::SocketAddress& address,
                           std::uint64_t now_ms, std::uint64_t period_ms);

  // Connects to all addresses have failed, the last one with the errno `error`.
  void backend_is_dead(const Backend& backend, int error);
  // A connection was established, but TLS was not. Does not make the backend dead. `reason`: as in
  // the access record. This worker logs it now and then.
  void tls_failed(const Backend& backend, std::string_view reason, std::string_view why);
  // A connect to a backend that was dead has succeeded, or enough checks of it have.
  void backend_is_live(const Backend& backend);
  // An active check has ended. `why` says more about a failure, or is empty.
  void checked(const Backend& backend, shm::CheckOutcome outcome, std::string_view why);
  // The backend has answered a request with an error, or not at all. Ejects it when there were too
  // many; `what` is for the log line then.
  void response_failed(const Backend& backend, std::string_view what) {
    if (backend.config.eject) count_error(backend, what);
  }
  // The same for a status, where it is an error of the backend.
  void response_came(const Backend& backend, int status) {
    if (backend.config.eject && is_error(status)) count_error(backend, status);
  }
  // 5xx but for 501 and 505, which a client can provoke by what it asks for.
  static bool is_error(int status) {
    return status >= 500 && status <= 599 && status != 501 && status != 505;
  }

 private:
  unsigned share_now(const Backend& backend) const;
  bool has_others(const Backend& backend, std::uint64_t now_ms) const;
  void count_error(const Backend& backend, int status);
  void count_error(const Backend& backend, std::string_view what);

  shm::BackendTable& table_;
  shm::Row row_;
  log::Log& log_;
  const Backends* all_;
};

}  // namespace worker::backend
