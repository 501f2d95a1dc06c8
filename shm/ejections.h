// Backends that are out of use for a while, because many of their responses were errors.
//
// A view, private to a process, of fixed rows in the segment; part of BackendTable. Workers count
// the errors together: the times of a backend's last errors lie in a ring, so "5 errors in 10 s" is
// exact, wherever these 10 s begin. A worker that is killed between two stores costs one error.
// Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

// The most errors that can be asked for.
inline constexpr unsigned kMostErrors = 100;
inline constexpr std::uint64_t kLongestEjectionMs = 3'600'000;

class Ejections {
 public:
  struct Errors {
    static constexpr unsigned kPlaces = 128;
    std::atomic<std::uint64_t> count{};
    std::atomic<std::uint64_t> at_ms[kPlaces]{};
  };
  struct CommonPart {
    std::atomic<std::uint64_t> until_ms[kMaxBackends]{};  // 0 = never ejected
    Errors errors[kMaxBackends]{};
  };
  explicit Ejections(CommonPart& common) : common_(common) {}

  // Counts an error. True when it is at least the `most`-th one within `in_ms` and since the last
  // ejection ended. False while the backend is ejected. `most`: 1..kMostErrors.
  bool note_error(std::uint32_t index, unsigned most, std::uint64_t in_ms, std::uint64_t now_ms);
  // True for the one caller that has ejected it.
  bool eject(std::uint32_t index, std::uint64_t for_ms, std::uint64_t now_ms);
  // The end of the ejection, which may be over; 0 = the backend was never ejected.
  std::uint64_t until_ms(std::uint32_t index) const {
    return common_.until_ms[index].load(std::memory_order_relaxed);
  }

  // By the master: of a new backend, or of one that is not to be ejected any more.
  void restart(std::uint32_t index);
  // By the master: sets values right that no worker can have meant, and returns their number.
  std::uint64_t mend(std::uint32_t index, std::uint64_t now_ms);

 private:
  CommonPart& common_;
};

static_assert(kFitForSegment<Ejections::CommonPart>);
static_assert(Ejections::Errors::kPlaces > kMostErrors);

}  // namespace shm
