#include "worker/heritage.h"

#include <doctest/doctest.h>

#include "worker/http/verdict.h"

TEST_CASE("heritage: there is one code for each reason of a refusal, in its order") {
  const std::vector<std::string_view> codes = worker::refusal_codes();
  REQUIRE(codes.size() == worker::http::kReasons);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CHECK(worker::http::find_reason(codes[i]) == static_cast<worker::http::Reason>(i));
  }
}
