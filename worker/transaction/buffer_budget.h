// The memory that one worker may spend on bodies that it holds for its clients (`BufferMemory`).
//
// Counts reservations, not bytes held: a request reserves all that it may hold before it holds any.
// A request that gets no reservation is served without buffering.
#pragma once

#include <cstdint>

namespace worker::transaction {

class BufferBudget {
 public:
  explicit BufferBudget(std::uint64_t bytes) : most_(bytes), left_(bytes) {}

  bool take(std::uint64_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void give(std::uint64_t bytes) { left_ += bytes; }
  std::uint64_t left() const { return left_; }
  std::uint64_t used() const { return most_ - left_; }
  std::uint64_t most() const { return most_; }

 private:
  std::uint64_t most_;
  std::uint64_t left_;
};

}  // namespace worker::transaction
