// The addresses of backends whose names the master looks up while their workers run.
//
// The master publishes a list, by the row of the backend, when it is not the one that the workers
// inherited. The master alone writes. A reader never waits: it compares the row's version with the
// one that it has seen, and reads the list only after a change. A row tells whose addresses it has,
// because it may belong to another backend after a reload. All bytes 0 is a valid state: no
// addresses, of nobody.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::size_t kMaxAddresses = 32;  // of one backend

// A socket address, IPv4 or IPv6, as the system calls take it.
struct Address {
  std::uint32_t size = 0;  // bytes in use
  std::array<char, 28> bytes{};
};
static_assert(sizeof(Address) == 32);

class BackendAddresses {
 public:
  struct List {
    std::uint32_t version = 0;
    BackendId id = 0;  // whose addresses they are
    std::size_t count = 0;
  };

  // Replaces the addresses of the row; those beyond kMaxAddresses are left out.
  void publish(std::uint32_t index, BackendId id, std::span<const Address> addresses);
  // Changes with each list. While a list is being written, it is the version of none.
  std::uint32_t version(std::uint32_t index) const {
    return versions_[index].load(std::memory_order_acquire);
  }
  // Copies the addresses of the row. Nothing when the row is being written: try again later.
  std::optional<List> read(std::uint32_t index, std::array<Address, kMaxAddresses>& out) const;

 private:
  static constexpr std::size_t kWords = sizeof(Address) / sizeof(std::uint64_t);

  struct Row {
    std::atomic<BackendId> id;
    std::atomic<std::uint64_t> count;
    std::atomic<std::uint64_t> words[kMaxAddresses][kWords];
  };

  // Side by side, because workers look through all of them several times a second.
  alignas(kCacheLine) std::atomic<std::uint32_t> versions_[kMaxBackends]{};  // odd: being written
  Row rows_[kMaxBackends]{};
};

static_assert(kFitForSegment<BackendAddresses>);

}  // namespace shm
