// Tests of conf/lint: every kind of warning has one code.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "conf/lint.h"

TEST_CASE("lint: codes are unique, in order, and found again") {
  const std::vector<std::string_view> codes = conf::lint_codes();
  CHECK(std::ranges::is_sorted(codes));
  CHECK(std::set(codes.begin(), codes.end()).size() == codes.size());
  for (const std::string_view code : codes) {
    const std::optional<conf::Lint> lint = conf::find_lint(code);
    REQUIRE(lint);
    CHECK(conf::lint_code(*lint) == code);
  }
  CHECK_FALSE(conf::find_lint(""));
  CHECK_FALSE(conf::find_lint("Unused-backend"));
  CHECK(conf::lint_code(conf::Lint::writable_jail) == "writable-jail");
}
