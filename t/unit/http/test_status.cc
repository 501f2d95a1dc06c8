// Reason phrases.
#include "worker/http/status.h"

#include <doctest/doctest.h>

#include "worker/http/verdict.h"

using namespace worker::http;

TEST_CASE("status: reason phrases") {
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(511) == "Network Authentication Required");
  CHECK(reason_phrase(0) == "");
  CHECK(reason_phrase(299) == "");
  CHECK(reason_phrase(418) == "Error");
  CHECK(reason_phrase(599) == "Error");
  CHECK(reason_phrase(999) == "Error");
}

TEST_CASE("status: known statuses are in ascending order and each is found") {
  int previous = 0;
  for (const auto& [status, phrase] : known_statuses()) {
    CHECK(status > previous);
    CHECK(reason_phrase(status) == phrase);
    previous = status;
  }
  CHECK(previous == 511);
}

TEST_CASE("status: every status that a refusal can have has a phrase") {
  for (std::size_t i = 1; i < kReasons; ++i) {
    CHECK(reason_phrase(info(static_cast<Reason>(i)).status) != "Error");
  }
}
