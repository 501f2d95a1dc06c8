// Shared memory for a session table in a test, with any policy of faults, and keys of chosen
// shards.
#pragma once

#include <sys/mman.h>

#include <cstdlib>

#include "shm/session_table.h"

class SessionMemory {
 public:
  explicit SessionMemory(std::uint32_t max_sessions)
      : max_sessions_(max_sessions),
        size_(shm::SessionTable::bytes_for(max_sessions)),
        memory_(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) std::abort();
  }
  ~SessionMemory() { ::munmap(memory_, size_); }
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  template <class Table>
  Table view() const {
    return Table(memory_, max_sessions_);
  }

  shm::SessionBucket* buckets() const {
    auto* shards = static_cast<shm::SessionShard*>(memory_);
    return static_cast<shm::SessionBucket*>(static_cast<void*>(shards + shm::kSessionShards));
  }

 private:
  std::uint32_t max_sessions_;
  std::size_t size_;
  void* memory_;
};
