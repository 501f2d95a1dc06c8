// The backends that one request has been sent to, or connected to, in vain.
//
// At most as many as Retry allows, so nothing is allocated. A backend goes by its number in the
// configuration.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "conf/config.h"

namespace worker::transaction {

class TriedBackends {
 public:
  // At most conf::kMostRetries times.
  void add(std::size_t backend) { list_[size_++] = static_cast<std::uint32_t>(backend); }
  std::size_t size() const { return size_; }
  bool contains(std::size_t backend) const {
    const auto end = list_.begin() + size_;
    return std::find(list_.begin(), end, backend) != end;
  }

 private:
  std::array<std::uint32_t, conf::kMostRetries> list_{};
  std::uint8_t size_ = 0;
};

}  // namespace worker::transaction
