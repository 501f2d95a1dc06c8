// Looks the names of backends up again while their workers run.
//
// A name that has resolved is due every `Resolve` seconds, counted from the start of the
// generation, so that names of one period are looked up together. A name that has not resolved is
// due every `Alive` seconds, or `Resolve` if that is less. At most one look-up runs, and at most
// one begins in a second.
//
// Other addresses go into the segment, for the workers that there are, and into the heritage, for
// later ones; each change is one log line. While a name has no answer, its backend keeps the last
// addresses; the log says so once, and once when there are answers again. Owns the look-up that is
// under way; never waits for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "master/name_lookup.h"

namespace master {

class NameRefresh {
 public:
  explicit NameRefresh(LogQueue& log_queue) : log_queue_(log_queue) {}

  // A generation has become active: its names are due one period later.
  void restart(const Generation& active, std::uint64_t now_ms);
  // Gives up for good.
  void stop();

  std::uint64_t due_ms() const { return lookup_ ? lookup_->due_ms() : next_ms_; }
  int fd() const { return lookup_ ? lookup_->fd() : -1; }  // readable: a turn is due
  void turn(Generation& active, std::uint64_t now_ms);
  void on_exit(pid_t pid);

 private:
  // A backend that has a name.
  struct Entry {
    std::size_t backend = 0;        // its index
    std::uint64_t due_ms = kNever;  // its next look-up
    bool is_failing = false;        // its last look-up had no answer
  };
  using Backend = worker::backend::BackendHeritage;

  void start(const Generation& active, std::uint64_t now_ms);
  void set_due(Entry& entry, const Generation& active, std::uint64_t now_ms) const;
  void set_next();
  void take_answers(Generation& active, std::uint64_t now_ms);
  void take_answer(Generation& active, Entry& entry, const worker::net::Resolved& answer,
                   std::uint64_t now_ms);
  void take_failure(const Generation& active, Entry& entry, const std::string& error);
  void take_addresses(Generation& active, const Entry& entry,
                      const std::vector<worker::net::SocketAddress>& found, std::uint64_t now_ms);

  LogQueue& log_queue_;
  std::uint64_t base_ms_ = 0;         // periods are counted from here
  std::uint64_t earliest_ms_ = 0;     // no look-up begins before
  std::uint64_t next_ms_ = kNever;    // the next look-up
  std::vector<Entry> entries_;        // all names
  std::vector<std::size_t> awaited_;  // entries by the look-up's names; kTaken: has its answer
  std::optional<NameLookup> lookup_;
};

}  // namespace master
