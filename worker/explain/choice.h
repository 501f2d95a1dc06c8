// Which backend a request would get, and why, from what the daemon says about the backends.
//
// Pure. Uses the balancers of the workers. What they leave to chance or to whose turn it is stays
// open: all backends that may get the request are candidates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "shm/backend_table.h"

namespace worker::explain {

// Of one backend of the configuration.
struct BackendState {
  shm::AdminState admin = shm::AdminState::enabled;
  shm::Standing standing = shm::Standing::live;
  unsigned share = shm::kFullShare;  // of its weight: 0..kFullShare
  std::uint32_t load = 0;            // requests in service there, and those that wait
};

struct Candidate {
  std::size_t backend = 0;  // of the configuration
  unsigned share = 0;       // with which it may get clients without a session
  unsigned percent = 0;     // of the requests without a session, where weights decide
  bool may_get_it = false;  // this request
  std::string why;          // it may get the request, or may not
};

struct Choice {
  std::vector<Candidate> candidates;  // the service's, then those of Emergency, in their order
  std::optional<std::size_t> chosen;  // the backend, where only one may get the request
  std::string why;                    // it is that one, or how one will be chosen
};

// `states`: of all backends of the configuration. `bound`: the backend that the session names.
Choice choose(const conf::Config& config, const conf::Service& service,
              const std::vector<BackendState>& states, std::optional<std::size_t> bound,
              std::uint64_t hash_key);

}  // namespace worker::explain
