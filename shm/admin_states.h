// What the administrator wants of each backend or service: that it serves, drains (a backend), or
// serves nobody.
//
// A view, private to a process, of fixed rows in the segment; part of BackendTable and of
// ServiceTable. The master alone writes it; workers read it whenever they choose a backend or have
// found a service. The last word counts: a command of poundctl, or a change of `Disabled` in the
// file. A row keeps its state over reloads, and while the file does not name its owner, until
// another one needs the row. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

enum class AdminState : std::uint8_t {
  enabled,
  drained,   // no new clients; those with a session stay
  disabled,  // nobody; sessions go elsewhere, as if it were dead; a service answers 503
};
std::string_view to_text(AdminState state);

struct Admin {
  AdminState state = AdminState::enabled;
  std::optional<std::uint32_t> uid;  // whose command it was; nothing: the file says so
  std::uint64_t since_ms = 0;        // 0: nobody has ever changed it
};

class AdminStates {
 public:
  template <std::uint32_t kSize>
  struct Rows {
    alignas(kCacheLine) std::atomic<std::uint8_t> state[kSize]{};
    std::atomic<std::uint8_t> file_disables[kSize]{};  // `Disabled`, as of the last reload
    std::atomic<std::uint64_t> setter[kSize]{};        // 0 = the file, else 1 + uid
    std::atomic<std::uint64_t> since_ms[kSize]{};
  };
  // `of_file`: what `Disabled` means here.
  template <std::uint32_t kSize>
  AdminStates(Rows<kSize>& rows, AdminState of_file)
      : state_(rows.state),
        file_disables_(rows.file_disables),
        setter_(rows.setter),
        since_ms_(rows.since_ms),
        of_file_(of_file) {}

  AdminState state(std::uint32_t index) const {
    return static_cast<AdminState>(state_[index].load(std::memory_order_relaxed));
  }
  Admin admin(std::uint32_t index) const;

  // The rest is for the master.
  void restart(std::uint32_t index);  // of a new owner
  // A command of the user `uid`. False when the state was this already: then nothing changes.
  bool set(std::uint32_t index, AdminState state, std::uint32_t uid, std::uint64_t now_ms);
  // Whether follow_file() would change the state.
  bool would_change(std::uint32_t index, bool disables) const;
  // What the file says: `Disabled`. Counts only if the file said otherwise before.
  void follow_file(std::uint32_t index, bool disables, std::uint64_t now_ms);

 private:
  AdminState wanted_by_file(bool disables) const {
    return disables ? of_file_ : AdminState::enabled;
  }

  std::atomic<std::uint8_t>* state_;
  std::atomic<std::uint8_t>* file_disables_;
  std::atomic<std::uint64_t>* setter_;
  std::atomic<std::uint64_t>* since_ms_;
  AdminState of_file_;
};

static_assert(kFitForSegment<AdminStates::Rows<kMaxBackends>>);

}  // namespace shm
