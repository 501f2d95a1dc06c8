// Tests of http/fixed_fields: the fields that no edit may touch, their twins, and beginnings.
#include "worker/http/fixed_fields.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/forwarded_fields.h"
#include "worker/http/header_list.h"

using namespace worker::http;

namespace {

std::string fixed(std::string_view name, bool is_beginning = false,
                  EditedHead head = EditedHead::request) {
  const auto found = find_fixed_field(name, is_beginning, head);
  return found ? std::string(found->name) : "";
}

}  // namespace

TEST_CASE("fixed_fields: what Pound writes into a request, and no more") {
  for (const char* name :
       {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer",
        "Upgrade", "Proxy-Connection", "Expect", "X-Forwarded-For", "X-Forwarded-Proto",
        "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP", "Forwarded"}) {
    CAPTURE(name);
    CHECK(is_replaced(field_id(name)));
    CHECK(fixed(name) == name);
  }
  CHECK(fixed("X-SSL-Cipher") == "X-SSL-");
  for (const char* name : {"Cookie", "Authorization", "User-Agent", "X-Forwarded-Prefix",
                           "Remote-User", "X-Remote-User", "Date", "X-SS", "Hosts", "X-Hos"}) {
    CAPTURE(name);
    CHECK(fixed(name).empty());
  }
}

TEST_CASE("fixed_fields: letter case and twins") {
  CHECK(fixed("content-LENGTH") == "Content-Length");
  CHECK(fixed("X_Forwarded.For") == "X-Forwarded-For");
  CHECK(fixed("x_ssl_subject") == "X-SSL-");
}

TEST_CASE("fixed_fields: a beginning covers what begins with it") {
  CHECK(fixed("X-", true) == "X-Forwarded-For");
  CHECK(fixed("X-Forwarded-P", true) == "X-Forwarded-Proto");
  CHECK(fixed("X-S", true) == "X-SSL-");
  CHECK(fixed("X-SSL-Ci", true) == "X-SSL-");
  CHECK(fixed("Co", true) == "Content-Length");
  CHECK(fixed("X-Foo-", true).empty());
  CHECK(fixed("Hostess", true).empty());
}

TEST_CASE("fixed_fields: replies have others") {
  CHECK(fixed("Date", false, EditedHead::reply) == "Date");
  CHECK(fixed("Content-", true, EditedHead::reply) == "Content-Length");
  for (const char* name : {"Host", "X-Forwarded-For", "Server", "X-SSL-Cipher"}) {
    CHECK(fixed(name, false, EditedHead::reply).empty());
  }
  CHECK(fixed("X-", true, EditedHead::reply).empty());
}
