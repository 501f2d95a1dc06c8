// What the administrator wants of each backend: that it serves, drains, or serves nobody.
//
// A view, private to a process, of fixed rows in the segment; part of BackendTable. The master
// alone writes it; workers read it whenever they choose a backend. The last word counts: a command
// of poundctl, or a change of `Disabled` in the file. A row keeps its state over reloads, and while
// the file does not name its backend, until another backend needs the row. Times are
// CLOCK_MONOTONIC milliseconds.
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
  disabled,  // nobody; sessions go elsewhere, as if it were dead
};
std::string_view to_text(AdminState state);

struct Admin {
  AdminState state = AdminState::enabled;
  std::optional<std::uint32_t> uid;  // whose command it was; nothing: the file says so
  std::uint64_t since_ms = 0;        // 0: nobody has ever changed it
};

class AdminStates {
 public:
  struct MasterPart {
    alignas(kCacheLine) std::atomic<std::uint8_t> state[kMaxBackends]{};
    std::atomic<std::uint8_t> file_drains[kMaxBackends]{};  // `Disabled`, as of the last reload
    std::atomic<std::uint64_t> setter[kMaxBackends]{};      // 0 = the file, else 1 + uid
    std::atomic<std::uint64_t> since_ms[kMaxBackends]{};
  };
  explicit AdminStates(MasterPart& master) : master_(master) {}

  AdminState state(std::uint32_t index) const {
    return static_cast<AdminState>(master_.state[index].load(std::memory_order_relaxed));
  }
  Admin admin(std::uint32_t index) const;

  // The rest is for the master.
  void restart(std::uint32_t index);  // of a new backend
  // A command of the user `uid`. False when the state was this already: then nothing changes.
  bool set(std::uint32_t index, AdminState state, std::uint32_t uid, std::uint64_t now_ms);
  // Whether follow_file() would change the state of the backend.
  bool would_change(std::uint32_t index, bool drains) const;
  // What the file says about the backend. Counts only if the file said otherwise before.
  void follow_file(std::uint32_t index, bool drains, std::uint64_t now_ms);

 private:
  MasterPart& master_;
};

static_assert(kFitForSegment<AdminStates::MasterPart>);

}  // namespace shm
