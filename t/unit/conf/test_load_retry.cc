// Tests of conf/load_retry: what the key means (what it refuses: data/config/retry_wrong).
#include "conf/load_retry.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using Methods = conf::RetryPolicy::Methods;

std::optional<conf::RetryPolicy> policy(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0).retry;
}

// "connect reset 502 503 504"
std::string causes(const std::string& keys) {
  const auto got = policy(keys);
  REQUIRE(got);
  std::string text;
  if (got->after_connect) text += "connect ";
  if (got->after_reset) text += "reset ";
  for (const int status : got->statuses) text += std::to_string(status) + " ";
  return text;
}

}  // namespace

TEST_CASE("load_retry: no policy without the key") {
  CHECK(!policy(""));
  CHECK(!policy("    Retry:\n"));
}

TEST_CASE("load_retry: an empty mapping is all defaults") {
  const auto got = policy("    Retry: {}\n");
  REQUIRE(got);
  CHECK(got->times == 1);
  CHECK(got->methods == Methods::idempotent);
  CHECK(causes("    Retry: {}\n") == "connect reset 502 503 504 ");
}

TEST_CASE("load_retry: how often") {
  CHECK(policy("    Retry: {Times: 0}\n")->times == 0);
  CHECK(policy("    Retry: {Times: 10}\n")->times == conf::kMostRetries);
}

TEST_CASE("load_retry: after what") {
  CHECK(causes("    Retry: {When: reset}\n") == "reset ");
  CHECK(causes("    Retry: {When: [Connect, 504]}\n") == "connect 504 ");
  CHECK(causes("    Retry: {When: 503}\n") == "503 ");
  CHECK(causes("    Retry: {When: []}\n") == "");
}

TEST_CASE("load_retry: which methods") {
  CHECK(policy("    Retry: {Methods: Idempotent}\n")->methods == Methods::idempotent);
  CHECK(policy("    Retry: {Methods: ALL}\n")->methods == Methods::all);
  CHECK(policy("    Retry: {Methods: [all]}\n")->methods == Methods::all);
  const auto got = policy("    Retry: {Methods: [GET, PURGE]}\n");
  CHECK(got->methods == Methods::listed);
  REQUIRE(got->names.size() == 2);
  CHECK(got->names[1].name == "PURGE");
  CHECK(got->names[1].where.line != 0);
}
