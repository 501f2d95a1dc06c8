// The master's signals: blocked, and read from a signalfd.
//
// Owns the signalfd. Never installs a handler.
#pragma once

#include <optional>

#include "worker/net/unique_fd.h"

namespace master {

class Signals {
 public:
  // Blocks CHLD, TERM, INT, QUIT, HUP and USR1 in this process; ignores PIPE. Throws StartError.
  Signals();

  int fd() const { return fd_.get(); }  // readable when `next` has something
  std::optional<int> next();            // the number of the next signal, if there is one

  // For a new worker: blocks no signal, ignores PIPE, and HUP, INT, QUIT and USR1, which are for
  // the master, and gives all others their default action.
  static void reset_in_worker();

 private:
  worker::net::UniqueFd fd_;
};

}  // namespace master
