// Signals as something to read: blocked for the process, delivered by a signalfd.
//
// Owns the signalfd. No handler is ever installed in the master.
#pragma once

#include <optional>

#include "worker/net/unique_fd.h"

namespace master {

class Signals {
 public:
  // Blocks CHLD, TERM, INT, QUIT, HUP and USR1 in this process; ignores PIPE. Throws StartError.
  Signals();

  int fd() const { return fd_.get(); }  // readable when `next` has something
  std::optional<int> next();            // a signal's number; nothing when there is none

  // In a new worker: nothing blocked, everything default but PIPE, HUP, INT, QUIT and USR1,
  // which are the master's to answer.
  static void reset_in_worker();

 private:
  worker::net::UniqueFd fd_;
};

}  // namespace master
