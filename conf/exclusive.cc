// See exclusive.h.
#include "conf/exclusive.h"

#include <string>

namespace conf {

void refuse_beside(const Section& service, std::string_view key,
                   std::initializer_list<std::string_view> others, Diagnostics& diagnostics) {
  for (const std::string_view name : others) {
    const Section::Member* const other = service.find(name);
    if (other == nullptr) continue;
    diagnostics.error(
        service.find(key)->value->where,
        "a service has `" + std::string(key) + "` or `" + std::string(name) + "`, not both");
    // For a list, the position of its first item as written: of the alias, not of the backend.
    const Node& node = other->items.empty() ? *other->value : *other->items.front();
    diagnostics.note(node.where, "this is its `" + std::string(name) + "`");
  }
}

}  // namespace conf
