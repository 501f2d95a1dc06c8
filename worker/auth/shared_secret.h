// The files of `Secret`, and what several machines that have the same files derive from them.
//
// Whoever has a secret can make all future keys, so no worker has one: the master keeps
// sealed copies (net/sealed_copy.h), and workers get the keys. Each key is derived by HKDF (RFC
// 5869) for its own purpose, so none says anything about another one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "shm/ticket_keys.h"
#include "worker/net/unique_fd.h"
#include "worker/route/keyed_hash.h"

namespace worker::auth {

struct SharedSecret {
  std::shared_ptr<const net::UniqueFd> copy;
};

// Reads the files. One that cannot be read, or has another size, is an error; one that everybody
// may read, a warning. In the order of the configuration.
std::vector<SharedSecret> load_secrets(const conf::Global& global, conf::Diagnostics& diagnostics);

// The keys of route::InsertedCookie, in the same order.
std::vector<std::string> cookie_keys(const std::vector<SharedSecret>& secrets);

// The keys that sessions in the session store are hashed with, in the same order; the same on
// machines of any byte order.
std::vector<route::HashSecret> store_keys(const std::vector<SharedSecret>& secrets);

// The number of the period of kTicketPeriodS seconds that a time is in.
inline constexpr std::int64_t kTicketPeriodS = 12 * 3600;
inline std::uint64_t ticket_period(std::int64_t unix_s) {
  return static_cast<std::uint64_t>(unix_s / kTicketPeriodS);
}

// The keys of TLS tickets in a period. The first key, which seals, is that of this period and of
// the first secret. The keys of the periods before and after it open tickets as well, because
// tickets outlive their period and clocks differ. `secrets` has one or two elements.
shm::TicketKeySet ticket_keys(const std::vector<SharedSecret>& secrets, std::uint64_t period);

}  // namespace worker::auth
