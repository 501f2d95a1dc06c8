// The keys Balance, HashKey and Emergency of a service: see load_balance.h.
#include "conf/load_balance.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "conf/scalar.h"

namespace conf {

namespace {

// Nothing for a text that is no key.
std::optional<HashKey> parse_hash_key(std::string_view text) {
  if (equal_ignoring_case(text, "address")) return HashKey{};
  if (equal_ignoring_case(text, "path")) return HashKey{.kind = HashKey::Kind::path};
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view kind = text.substr(0, space);
  HashKey key{.name = std::string(text.substr(space + 1))};
  if (equal_ignoring_case(kind, "header")) {
    key.kind = HashKey::Kind::header;
  } else if (equal_ignoring_case(kind, "cookie")) {
    key.kind = HashKey::Kind::cookie;
  } else {
    return std::nullopt;
  }
  if (!is_token(key.name)) return std::nullopt;
  return key;
}

void load_hash_key(const Section& section, Service& service, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("HashKey");
  if (member == nullptr) return;
  const Node& value = *member->value;
  if (service.balance != Balance::hash && !section.reported("Balance")) {
    diagnostics.error(value.where, "`HashKey` does not apply without `Balance: hash`");
  }
  if (std::optional<HashKey> key = parse_hash_key(value.text)) {
    service.hash_key = std::move(*key);
    return;
  }
  diagnostics.error(value.where,
                    "`HashKey` is " + describe(value) + ", expected " + expectation(*member->key) +
                        ", where NAME is made of letters, digits and " + std::string(kTokenMarks));
}

void check_emergency(const Section& section, const Service& service, Diagnostics& diagnostics) {
  const auto items = section.items("Emergency");
  if (items.empty()) return;
  const bool has_place = section.find("Backends") != nullptr || section.reported("Backends") ||
                         section.find("Redirect") != nullptr;  // which is reported itself
  if (!has_place) {
    diagnostics.error(items.front()->where, "`Emergency` needs `Backends` beside it");
  }
  const bool has_both = std::ranges::any_of(service.emergency, [&](std::size_t backend) {
    return std::ranges::find(service.backends, backend) != service.backends.end();
  });
  if (!has_both) return;
  diagnostics.error(items.front()->where,
                    "a backend is in `Backends` and in `Emergency` of one service");
}

}  // namespace

void load_balance(const Section& section, Service& service, Diagnostics& diagnostics) {
  service.balance = section.choice("Balance", Balance::random);
  load_hash_key(section, service, diagnostics);
  check_emergency(section, service, diagnostics);
}

}  // namespace conf
