// See orders.h.
#include "worker/store/orders.h"

#include <algorithm>
#include <optional>

namespace worker::store {

void pass_on(const shm::StoreOrder& order, const route::SessionAffinity& affinity,
             SessionStore& store) {
  route::SharedKeys keys;
  std::ranges::copy(order.keys, keys.all.begin());
  keys.count = static_cast<std::uint8_t>(affinity.sharing().keys.size());
  if (keys.empty()) return;
  if (order.kind == shm::StoreOrder::Kind::forget) {
    return store.write({keys, kDeleted, affinity.ttl_s()});
  }
  const std::optional<std::size_t> index = affinity.index_of(order.backend);
  if (!index) return;
  const std::string value = value_of(affinity.sharing().backends[*index], true);
  store.write({keys, value, affinity.ttl_s()});
}

}  // namespace worker::store
