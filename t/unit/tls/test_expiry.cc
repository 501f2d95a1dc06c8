#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "worker/tls/expiry.h"

using worker::tls::Expiry;
using worker::tls::expiry_at;
using worker::tls::expiry_text;
using worker::tls::ShownTo;
using worker::tls::until_next_stage;

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kEnd = 1'767'225'599;  // 2025-12-31 23:59:59

}  // namespace

TEST_CASE("expiry: each stage begins at its second") {
  CHECK(expiry_at(kEnd, kEnd - 21 * kDay - 1) == Expiry::far);
  CHECK(expiry_at(kEnd, kEnd - 21 * kDay) == Expiry::weeks);
  CHECK(expiry_at(kEnd, kEnd - 7 * kDay - 1) == Expiry::weeks);
  CHECK(expiry_at(kEnd, kEnd - 7 * kDay) == Expiry::days);
  CHECK(expiry_at(kEnd, kEnd) == Expiry::days);
  CHECK(expiry_at(kEnd, kEnd + 1) == Expiry::expired);
}

TEST_CASE("expiry: waiting as long as it says leads to the next stage, and no second less does") {
  for (const std::int64_t left : {400 * kDay, 21 * kDay + 1, 21 * kDay, 7 * kDay + 1, 7 * kDay,
                                  std::int64_t{1}, std::int64_t{0}}) {
    const std::int64_t now = kEnd - left;
    const std::int64_t wait = until_next_stage(kEnd, now);
    CHECK(wait >= 1);
    CHECK(expiry_at(kEnd, now + wait - 1) == expiry_at(kEnd, now));
    CHECK(expiry_at(kEnd, now + wait) > expiry_at(kEnd, now));
  }
  CHECK(until_next_stage(kEnd, kEnd + 1) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("expiry: the texts") {
  const auto text = [](std::int64_t now_s) { return expiry_text(kEnd, now_s, ShownTo::clients); };
  CHECK(text(kEnd - 21 * kDay - 1).empty());
  CHECK(text(kEnd - 21 * kDay) == "expires in 21 days (2025-12-31 23:59:59 UTC)");
  CHECK(text(kEnd - 2 * kDay + 1) == "expires in 1 day (2025-12-31 23:59:59 UTC)");
  CHECK(text(kEnd - kDay + 1) == "expires in less than a day (2025-12-31 23:59:59 UTC)");
  CHECK(text(kEnd + 1) == "has expired; clients will refuse it");
  CHECK(expiry_text(kEnd, kEnd, ShownTo::backend) == text(kEnd));
  CHECK(expiry_text(kEnd, kEnd + 1, ShownTo::backend) == "has expired; the backend will refuse it");
}
