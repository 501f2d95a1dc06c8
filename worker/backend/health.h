// The verdict of all workers on backends and on their addresses, and the log lines about it.
//
// A backend is dead when a connect to each of its addresses has failed; nothing else makes it dead.
// An address that does not answer is tried last until it answers again. Both are facts in the
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

inline constexpr unsigned kFullShare = 256;

class Health {
 public:
  Health(shm::BackendTable& table, log::Log& log) : table_(table), log_(log) {}

  // Which part of its weight the backend may be chosen with now: 0 (not at all, as it is dead) to
  // kFullShare.
  unsigned share(const Backend& backend) const {
    return table_.is_live(backend.heritage.row) ? kFullShare : 0;
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
  // A connect to a backend that was dead has succeeded.
  void backend_is_live(const Backend& backend);

 private:
  shm::BackendTable& table_;
  log::Log& log_;
};

}  // namespace worker::backend
