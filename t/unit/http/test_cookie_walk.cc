#include "worker/http/cookie_walk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

std::vector<std::string> values(const std::vector<std::string>& cookies, std::string_view name) {
  worker::http::HeaderList fields;
  fields.clear();
  for (const std::string& cookie : cookies) {
    fields.add({.name = "Accept", .value = "a=wrong"});
    fields.add({.name = "Cookie", .value = cookie, .id = worker::http::FieldId::cookie});
  }
  std::vector<std::string> found;
  worker::http::CookieWalk walk(fields, name);
  while (const auto value = walk.next()) found.emplace_back(*value);
  CHECK(!walk.next());
  return found;
}

using Values = std::vector<std::string>;

}  // namespace

TEST_CASE("cookie_walk: every value, over all fields, in their order") {
  CHECK(values({}, "a") == Values{});
  CHECK(values({"a=1"}, "a") == Values{"1"});
  CHECK(values({"a=1; b=2; a=3", "c=4", "a=5"}, "a") == Values{"1", "3", "5"});
  CHECK(values({"a=1;a=2"}, "a") == Values{"1", "2"});
}

TEST_CASE("cookie_walk: blanks around names and values do not count, quotes and case do") {
  CHECK(values({" a = 1 ;\ta=2\t"}, "a") == Values{"1", "2"});
  CHECK(values({"a=\"1\""}, "a") == Values{"\"1\""});
  CHECK(values({"A=1; aa=2; xa=3"}, "a") == Values{});
}

TEST_CASE("cookie_walk: what is no pair is passed over") {
  CHECK(values({"", ";", ";;", "a", "a;b", "=1", "a=b=c"}, "a") == Values{"b=c"});
  CHECK(values({"a=; a=1;"}, "a") == Values{"", "1"});
}
