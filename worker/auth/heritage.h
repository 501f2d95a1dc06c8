// What a worker, and the helper, inherit for authentication.
#pragma once

#include <vector>

#include "worker/auth/users_file.h"
#include "worker/net/unique_fd.h"

namespace worker::auth {

// The socket between the worker of one slot and the helper. It outlives both processes: the master
// keeps both ends, so that a successor of either goes on with it.
struct Channel {
  net::UniqueFd worker_end;
  net::UniqueFd helper_end;
};

struct Heritage {
  std::vector<UsersFile> files;  // empty: no service asks for passwords
  int channel = -1;              // of the worker's slot; by the master
};

// Throws std::system_error.
Channel make_channel();

}  // namespace worker::auth
