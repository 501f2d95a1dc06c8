// Ids of requests: their form, their order, and that no two are the same.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "worker/transaction/request_ids.h"

using worker::transaction::RequestIds;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000'123'000'000;  // 0x1a0c4506c7b ms

std::string next(RequestIds& ids, std::uint64_t unix_ns) {
  std::string text;
  ids.append_next(unix_ns, text);
  return text;
}

}  // namespace

TEST_CASE("request_ids: version 7, with the time in front") {
  RequestIds ids;
  const std::string id = next(ids, kNow);
  REQUIRE(id.size() == 36);
  CHECK(id.substr(0, 8) + id.substr(9, 4) == "01a0c4506c7b");
  CHECK(id.substr(13, 6) == "-7000-");
  CHECK(std::string("89ab").find(id[19]) != std::string::npos);
  CHECK(id[8] == '-');
  CHECK(id[23] == '-');
  CHECK(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
  RequestIds later;
  CHECK(next(later, kNow + 500'000).substr(14, 4) == "7800");  // half a millisecond
  CHECK(next(later, kNow + 999'999).substr(14, 4) == "7fff");
}

TEST_CASE("request_ids: ids rise while the clock stands still or goes back") {
  RequestIds ids;
  std::string last = next(ids, kNow);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::string id = next(ids, kNow - i * 1000);
    CHECK(id > last);
    last = id;
  }
}

TEST_CASE("request_ids: two processes make different ids at the same time") {
  std::set<std::string> all;
  RequestIds one;
  RequestIds other;
  for (int i = 0; i < 5000; ++i) {
    all.insert(next(one, kNow));
    all.insert(next(other, kNow));
  }
  CHECK(all.size() == 10'000);
}
