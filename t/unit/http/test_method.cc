// The methods, and the Allow field that lists them.
#include "worker/http/method.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/sanitizer.h"

using namespace worker::http;

TEST_CASE("method: Allow lists 37 methods, and Pound forwards each") {
  std::size_t count = 0;
  std::string_view rest = kAllowedMethods;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    const std::string_view name = rest.substr(0, comma);
    CAPTURE(name);
    REQUIRE(find_method(name) != nullptr);
    CHECK(find_method(name)->name == name);
    ++count;
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  CHECK(count == 37);
}

TEST_CASE("method: unknown methods") {
  for (const char* name : {"CONNECT", "TRACE", "PRI", "TRACK", "get", "", "GETX", "GE"}) {
    CAPTURE(name);
    CHECK(find_method(name) == nullptr);
  }
}

TEST_CASE("method: methods that are refused even when unknown methods are allowed") {
  for (const char* name :
       {"CONNECT", "connect", "TRACE", "Trace", "TRACK", "PRI", "head", "Head"}) {
    CAPTURE(name);
    CHECK(is_refused_method(name));
  }
  for (const char* name : {"GET", "HEAD", "get", "BREW", "CONNECTED", ""}) {
    CAPTURE(name);
    CHECK(!is_refused_method(name));
  }
}

TEST_CASE("method: methods that Pound may not send twice") {
  for (const char* name : {"POST", "PATCH", "LOCK"}) CHECK(!find_method(name)->idempotent);
  for (const char* name : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND"}) {
    CHECK(find_method(name)->idempotent);
  }
}

TEST_CASE("method: POST, PATCH and LOCK are the only methods that are not idempotent") {
  std::string not_idempotent;
  for (std::string_view rest = kAllowedMethods; !rest.empty();) {
    const std::size_t comma = rest.find(", ");
    const std::string_view name = rest.substr(0, comma);
    if (!find_method(name)->idempotent) not_idempotent.append(name).append(" ");
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  CHECK(not_idempotent == "POST PATCH LOCK ");
}
