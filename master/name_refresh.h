// Looks up again, every Alive seconds, the names of backends that did not resolve.
//
// When a name resolves, its backend becomes live: the addresses go into the segment, for the
// workers that there are, and into the heritage, for later ones. Each such change is one log line.
// A name that still does not resolve is not logged again. Owns the look-up that is under way; never
// waits for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "master/name_lookup.h"

namespace master {

class NameRefresh {
 public:
  explicit NameRefresh(LogQueue& log_queue) : log_queue_(log_queue) {}

  // A generation has become active: the next look-up is due after its Alive.
  void restart(const Generation& active, std::uint64_t now_ms);
  // Gives up for good.
  void stop();

  std::uint64_t due_ms() const { return lookup_ ? lookup_->due_ms() : next_ms_; }
  int fd() const { return lookup_ ? lookup_->fd() : -1; }  // readable: a turn is due
  void turn(Generation& active, std::uint64_t now_ms);
  void on_exit(pid_t pid);

 private:
  void start(const Generation& active);
  void take_answer(Generation& active, std::size_t backend, const worker::net::Resolved& answer,
                   std::uint64_t now_ms);

  LogQueue& log_queue_;
  std::uint64_t next_ms_ = kNever;
  std::vector<std::size_t> backends_;  // that are looked up, by their index
  std::optional<NameLookup> lookup_;
};

}  // namespace master
