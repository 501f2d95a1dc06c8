// The key Limit: see load_limit.h.
//
// The schema knows the form of each key; this file knows which of them go together.
#include "conf/load_limit.h"

#include <algorithm>
#include <string>
#include <utility>

#include "conf/scalar.h"

namespace conf {

namespace {

// Of the default Burst.
constexpr std::uint64_t kBurstOfRate = 10;

void load_key(const Section& section, ClientLimit& limit, Diagnostics& diagnostics) {
  const Section::Member* member = section.find("Key");
  if (member == nullptr) return;
  const std::string& text = member->value->text;
  if (equal_ignoring_case(text, "address")) return;
  const std::size_t space = text.find(' ');
  const std::string kind = text.substr(0, space);
  if (space != std::string::npos) limit.key_name = text.substr(space + 1);
  limit.key =
      equal_ignoring_case(kind, "cookie") ? ClientLimit::Key::cookie : ClientLimit::Key::header;
  const bool is_known =
      limit.key == ClientLimit::Key::cookie || equal_ignoring_case(kind, "header");
  if (is_known && is_token(limit.key_name)) return;
  diagnostics.error(member->value->where, "`Key` is " + describe(*member->value) + ", expected " +
                                              expectation(*member->key) +
                                              ", where NAME is made of letters, digits and " +
                                              std::string(kTokenMarks));
}

// Counts what one day allows.
std::uint64_t most_burst(const ClientLimit& limit) {
  return std::uint64_t{limit.rate} * static_cast<std::uint64_t>(kMostLimitSeconds) /
         static_cast<std::uint64_t>(limit.per.count());
}

void check_rate(const Section& section, ClientLimit& limit, Diagnostics& diagnostics) {
  const Node& rate = *section.find("Rate")->value;
  const auto per = static_cast<std::uint64_t>(limit.per.count());
  if (limit.rate > per * static_cast<std::uint64_t>(kMostLimitRatePerSecond)) {
    diagnostics.error(rate.where, "`Rate` is " + describe(rate) + " in " + std::to_string(per) +
                                      " s, expected at most " +
                                      std::to_string(kMostLimitRatePerSecond) + " a second");
    return;
  }
  const std::uint64_t most = std::max<std::uint64_t>(most_burst(limit), 1);
  if (const Section::Member* burst = section.find("Burst")) {
    limit.burst = static_cast<unsigned>(burst->number);
    if (limit.burst <= most) return;
    diagnostics.error(burst->value->where, "`Burst` is " + describe(*burst->value) +
                                               ", expected at most " + std::to_string(most) +
                                               ", which is what `Rate` allows in a day");
    return;
  }
  limit.burst = static_cast<unsigned>(
      std::min({kBurstOfRate * limit.rate, most, static_cast<std::uint64_t>(kMostLimitBurst)}));
}

// Keys that say something about requests need a rate of requests.
void check_keys(const Section& section, Diagnostics& diagnostics) {
  for (const std::string_view key : {"Per", "Burst"}) {
    const Section::Member* member = section.find(key);
    if (member == nullptr) continue;
    diagnostics.error(member->value->where,
                      "`" + std::string(key) + "` does not apply without `Rate`");
  }
  if (section.find("Connections") != nullptr || section.reported("Connections")) return;
  diagnostics.error(section.where(), "Limit needs a `Rate` or `Connections`");
}

void load_connections(const Section& section, LimitOwner owner, ClientLimit& limit,
                      Diagnostics& diagnostics) {
  const Section::Member* member = section.find("Connections");
  if (member == nullptr) return;
  limit.connections = static_cast<unsigned>(member->number);
  const Position& where = member->value->where;
  if (owner == LimitOwner::service) {
    diagnostics.error(where,
                      "`Connections` does not apply to a service, only to a listener: a connection "
                      "may have requests for several services");
  } else if (limit.key != ClientLimit::Key::address) {
    diagnostics.error(where,
                      "`Connections` does not apply with this `Key`, only with `address`: a "
                      "connection is accepted before its first request");
  }
}

ClientLimit load_limit(const Node& node, LimitOwner owner, Diagnostics& diagnostics) {
  const Section section(limit_schema(), node, diagnostics);
  ClientLimit limit;
  limit.where = node.where;
  limit.rate = static_cast<unsigned>(section.number("Rate", 0));
  limit.per = std::chrono::seconds(section.number("Per", limit.per.count()));
  limit.mask4 = static_cast<unsigned>(section.number("Mask4", limit.mask4));
  limit.mask6 = static_cast<unsigned>(section.number("Mask6", limit.mask6));
  limit.mode = section.choice("Mode", limit.mode);
  load_key(section, limit, diagnostics);
  load_connections(section, owner, limit, diagnostics);
  if (limit.rate != 0) {
    check_rate(section, limit, diagnostics);
  } else if (!section.reported("Rate")) {
    check_keys(section, diagnostics);
  }
  return limit;
}

}  // namespace

std::vector<ClientLimit> load_client_limits(const Section& owner, LimitOwner kind,
                                            Diagnostics& diagnostics) {
  std::vector<ClientLimit> limits;
  for (const Node* item : owner.items("Limit")) {
    limits.push_back(load_limit(*item, kind, diagnostics));
  }
  return limits;
}

}  // namespace conf
