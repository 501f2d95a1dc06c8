// Frees what generations leave behind, in turns.
//
// A generation may have thousands of certificates. To free them all takes the master longer than
// its log and its signals can wait. Owns what it is to free.
#pragma once

#include <cstdint>
#include <vector>

#include "master/clock.h"
#include "worker/heritage.h"

namespace master {

inline constexpr std::uint64_t kDisposeMs = 10;  // of work in one turn

class Disposal {
 public:
  void add(worker::Heritage heritage) { heritages_.push_back(std::move(heritage)); }
  std::uint64_t due_ms() const { return heritages_.empty() ? kNever : kNow; }
  void turn(std::uint64_t now_ms);

 private:
  std::vector<worker::Heritage> heritages_;
};

}  // namespace master
