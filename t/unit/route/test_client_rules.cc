// Tests of route/client_rules: who may come in.
#include "worker/route/client_rules.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker;

namespace {

bool permits(std::initializer_list<std::string_view> texts, std::string_view address) {
  route::ClientRules rules;
  std::vector<net::AddressSet::Entry> entries;
  for (const std::string_view text : texts) {
    std::string error;
    const bool allows = text.front() == '+';
    if (allows) rules.only_listed = true;
    entries.push_back({conf::parse_network(text.substr(1), error).value(),
                       allows ? net::AddressMark::allow : net::AddressMark::deny});
  }
  if (!entries.empty()) rules.set = std::make_shared<const net::AddressSet>(entries);
  CHECK(rules.is_set() == !entries.empty());
  return rules.permits(conf::parse_ip(address).value());
}

}  // namespace

TEST_CASE("client_rules: without rules everybody may") { CHECK(permits({}, "192.0.2.1")); }

TEST_CASE("client_rules: only those that are allowed") {
  CHECK(permits({"+192.0.2.0/24"}, "192.0.2.1"));
  CHECK(!permits({"+192.0.2.0/24"}, "192.0.3.1"));
  CHECK(!permits({"+192.0.2.0/24"}, "::1"));
}

TEST_CASE("client_rules: all but those that are denied") {
  CHECK(!permits({"-192.0.2.0/24"}, "192.0.2.1"));
  CHECK(permits({"-192.0.2.0/24"}, "192.0.3.1"));
  CHECK(permits({"-192.0.2.0/24"}, "::1"));
}

TEST_CASE("client_rules: the longest network decides, otherwise only the allowed may") {
  const auto permitted = [](std::string_view address) {
    return permits({"+10.0.0.0/8", "-10.1.0.0/16", "+10.1.1.1", "-0.0.0.0/0"}, address);
  };
  CHECK(permitted("10.0.0.1"));
  CHECK(!permitted("10.1.0.1"));
  CHECK(permitted("10.1.1.1"));
  CHECK(!permitted("192.0.2.1"));
  CHECK(!permitted("::1"));
}
