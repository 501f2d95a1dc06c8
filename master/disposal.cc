// See disposal.h.
#include "master/disposal.h"

#include "worker/prepare.h"

namespace master {

void Disposal::turn(std::uint64_t now_ms) {
  const std::uint64_t end_ms = now_ms + kDisposeMs;
  while (!heritages_.empty()) {
    if (!worker::free_step(heritages_.back())) heritages_.pop_back();
    if (master::now_ms() >= end_ms) return;
  }
}

}  // namespace master
