// Which ids Pound believes.
#include "worker/http/request_id.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker::http;

TEST_CASE("request_id: visible ASCII without quotation marks, up to 128 bytes") {
  CHECK(is_request_id("0190a5c8-7d2f-7abc-8def-0123456789ab"));
  CHECK(is_request_id("Root=1-67891233-abcdef012345678912345678;Self=<1>&"));
  CHECK(is_request_id(std::string(128, 'x')));
  CHECK_FALSE(is_request_id(std::string(129, 'x')));
  CHECK_FALSE(is_request_id(""));
  for (const char* bad :
       {"a b", "a\tb", "a\"b", "a'b", "a`b", "a\\b", "a\x7f", "\xc3\xa9", "a\x01"}) {
    CHECK_FALSE(is_request_id(bad));
  }
}

TEST_CASE("request_id: one field in any letter case is believed, two are not") {
  HeaderList fields;
  fields.clear();
  fields.add({.name = "X-Other", .value = "no"});
  CHECK(believed_request_id(fields, "X-Request-ID").empty());
  fields.add({.name = "x-request-id", .value = "yes"});
  CHECK(believed_request_id(fields, "X-Request-ID") == "yes");
  fields.add({.name = "X-Request-ID", .value = "yes"});
  CHECK(believed_request_id(fields, "X-Request-ID").empty());
}
