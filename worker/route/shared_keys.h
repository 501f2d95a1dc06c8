// The keys of one session in the store that several machines share.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "shm/ids.h"
#include "shm/store_orders.h"

namespace worker::route {

// One for each Secret, in the order of the configuration: the first one names new sessions.
struct SharedKeys {
  std::array<shm::SessionKey, shm::kStoreKeys> all{};
  std::uint8_t count = 0;  // 0: the store does not have the session, and is not asked for it

  std::span<const shm::SessionKey> list() const { return {all.data(), count}; }
  bool empty() const { return count == 0; }
};

}  // namespace worker::route
