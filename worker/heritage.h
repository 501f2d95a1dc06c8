// All that a worker inherits by fork, in one struct.
//
// prepare() fills the first part (what a generation is made of), the master the second (what one
// process of it gets). A worker reads nothing else: after the drop of privileges no path is opened.
// Descriptors are borrowed: they belong to the process, and end with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/ids.h"
#include "worker/auth/heritage.h"
#include "worker/auth/shared_secret.h"
#include "worker/backend/heritage.h"
#include "worker/http/error_page.h"
#include "worker/route/heritage.h"
#include "worker/route/keyed_hash.h"
#include "worker/store/heritage.h"

namespace shm {
class Segment;
struct RowNames;
}  // namespace shm

namespace worker {

// The codes of the reasons that a listener's refusals are counted by in the segment, by number.
std::vector<std::string_view> refusal_codes();

struct Heritage {
  // What prepare() makes. Indices are those of `config`.
  std::shared_ptr<const conf::Config> config;
  std::vector<backend::BackendHeritage> backends;
  std::vector<route::ListenerHeritage> listeners;
  auth::Heritage auth;
  http::ErrorPages pages;
  std::vector<auth::SharedSecret> secrets;  // of Secret; only the master has them
  std::vector<std::string> cookie_keys;  // made of them; none: `session_secret` takes their place
  std::vector<route::HashSecret> store_keys;  // likewise, of sessions in the store
  store::Heritage store;
  std::optional<uid_t> uid;  // of Global User
  std::optional<gid_t> gid;  // of Global Group, else User's primary group
  unsigned workers = 1;      // Global Workers, or the number of CPUs, at most shm::kMaxWorkers

  // What the master adds.
  shm::Segment* segment = nullptr;
  route::HashSecret
      session_secret{};  // random; the same for all generations, or sessions would be lost
  pid_t master_pid = 0;
  std::uint64_t started_ms = 0;  // when the master did, by CLOCK_MONOTONIC
  int doorbell = -1;             // wakes a sleeping master: a log ring has a record (net/wake.h)
  std::vector<int> wake_fds;     // wake each row: a slot is free for a request, or clients wait
  std::vector<int> sleepers;     // of each row; only the row's own process keeps its one

  // What differs from worker to worker.
  shm::Slot slot = 0;
  shm::Row row = 0;
  shm::Generation generation = 1;
  int sleeper = -1;  // readable when this process is to wake
  int control = -1;  // socket to the master: worker/control.h

  // Of User and Group of the control socket, which only the master has. prepare() finds them.
  std::optional<uid_t> control_uid;
  std::optional<gid_t> control_gid;
};

// The keys of route::InsertedCookie: those of the files Secret, or one that was made at the start.
std::vector<std::string> cookie_keys(const Heritage& heritage);

// Adds the names of the rows of one generation. For a row that several generations use, the last
// call wins. The certificates and the
// session store are those of the last call.
void add_names(shm::RowNames& names, const Heritage& heritage);

}  // namespace worker
