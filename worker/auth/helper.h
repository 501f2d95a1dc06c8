// The process that checks passwords, so that no worker's loop stops for the 250 ms that a good hash
// takes, and no worker has the hashes in its memory.
//
// It takes one question after another, from each worker in turn. It has no queue of its own: what
// it has not taken waits in the sockets, and a worker has one question there (checks.h). It sends
// what it finds to the worker, and remembers right credentials in memory that it alone writes. A
// question about an unknown user takes as long as one about the first user of the file.
#pragma once

#include <memory>
#include <vector>

#include "shm/remembered.h"
#include "worker/auth/heritage.h"
#include "worker/route/keyed_hash.h"

namespace worker::auth {

struct HelperTask {
  std::vector<UsersFile> files;
  std::vector<int> channels;  // the helper's ends
  route::HashSecret secret{};
  shm::AuthMemory* memory = nullptr;
};

// Enters the sandbox, then answers questions until the process is killed. Returns, or throws, only
// when it cannot work.
void run_helper(const HelperTask& task);

// One round over all channels, waiting for a question if there is none. For tests, which use it
// without a sandbox.
class Helper {
 public:
  explicit Helper(const HelperTask& task);  // throws std::runtime_error
  ~Helper();
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  // Computes one hash of each kind in the files, so that the libraries have read what they need.
  void warm_up();
  void greet();  // tells each worker that former questions are lost
  bool turn();   // false: no channel is left

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker::auth
