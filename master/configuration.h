// Reads the configuration file and prepares what its workers need: conf::load, then
// worker::Preparation beside a NameLookup, then what only the master knows. The start, -c and a
// reload share this code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "master/name_lookup.h"
#include "worker/heritage.h"
#include "worker/prepare.h"

namespace master {

inline constexpr std::uint64_t kPrepareMs = 10;  // of work in one turn

//   loading ──all certificates loaded──► resolving ──all names answered──► done
//      └── the file is no mapping ────────────────────────────────────────────┘
//
// Other errors in the file do not end it: one run reports as many mistakes as possible.
//
// Paths refer to the current folder, in the constructor and in each turn.
class Preparation {
 public:
  // Reads the file. A backend whose name does not resolve keeps the addresses that it has in
  // `active`, which must outlive this.
  explicit Preparation(const std::string& path, const worker::Heritage* active = nullptr);
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  // Works for about kPrepareMs. Never waits for the resolver.
  void turn(std::uint64_t now_ms);
  bool is_done() const { return state_ == State::done; }
  // When the next turn is due.
  std::uint64_t due_ms() const;
  // Readable: a turn is due. -1: no name is awaited.
  int fd() const { return lookup_ ? lookup_->fd() : -1; }
  void on_exit(pid_t pid);
  // Does all turns at once. For a process that has no other work yet: the resolver can hold it for
  // kLookUpMs.
  void complete();

  // Once it is done. Nothing when the diagnostics have an error.
  std::optional<worker::Heritage>& heritage() { return heritage_; }
  conf::Diagnostics& diagnostics() { return diagnostics_; }

 private:
  enum class State { loading, resolving, done };

  std::vector<worker::net::Resolved> addresses();
  void take_results();

  const worker::Heritage* active_;
  State state_ = State::done;
  conf::Diagnostics diagnostics_;
  std::shared_ptr<const conf::Config> config_;
  std::optional<worker::Preparation> worker_;
  std::optional<NameLookup> lookup_;
  std::optional<worker::Heritage> heritage_;
};

// Throws StartError when User, Group or RootJail need rights that a process of `euid` and `egid`
// does not have. Naming the process's own user or group needs none. Not part of -c: every user may
// check a file.
void check_rights(const worker::Heritage& heritage, uid_t euid, gid_t egid);

}  // namespace master
