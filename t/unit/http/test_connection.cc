// Connection options and the protected names.
#include "worker/http/connection.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker::http;

namespace {

HeaderList list_of(std::initializer_list<std::string_view> values) {
  HeaderList list;
  for (std::string_view value : values) {
    CHECK(list.add({"Connection", value, FieldId::connection}));
  }
  return list;
}

}  // namespace

TEST_CASE("connection: options of several fields, in any letter case") {
  const ConnectionOptions options = connection_options(list_of({"CLOSE , ,", "x,\tUpgrade", ""}));
  CHECK(options.close);
  CHECK(options.upgrade);
  CHECK(!options.keep_alive);
  CHECK(options.invalid == nullptr);
}

TEST_CASE("connection: without the field there is no option") {
  const ConnectionOptions options = connection_options(HeaderList{});
  CHECK(!options.close);
  CHECK(options.invalid == nullptr);
}

TEST_CASE("connection: 64 options pass, 65 do not; empty elements do not count") {
  std::string value = ",,,";
  for (std::size_t i = 0; i < kMaxConnectionOptions; ++i) value += "a,";
  CHECK(connection_options(list_of({value})).invalid == nullptr);
  const std::string_view one_more = "b";
  CHECK(connection_options(list_of({value, one_more})).invalid == one_more.data());
}

TEST_CASE("connection: options and version decide whether it stays open") {
  ConnectionOptions options;
  CHECK(keeps_alive(options, 1));
  CHECK(!keeps_alive(options, 0));
  options.keep_alive = true;
  CHECK(keeps_alive(options, 0));
  options.close = true;
  CHECK(!keeps_alive(options, 0));
  CHECK(!keeps_alive(options, 1));
  options = {};
  options.invalid = "?";
  CHECK(!keeps_alive(options, 1));
}

TEST_CASE("connection: naming a field removes it, unless the field is protected") {
  const HeaderList list =
      list_of({"x-hop",
               "Cookie, AUTHORIZATION, X-Forwarded-Proto, X-Real-IP, Sec-WebSocket-Key, "
               "Cache-Control, Forwarded, Set-Cookie, X-Forwarded-Prefix, X-SSL-Cipher"});
  const NamedFields named(list);
  CHECK(named.contains("X-Hop"));
  CHECK(!named.contains("X-Other"));
  for (const char* name :
       {"Cookie", "Authorization", "X-Forwarded-Proto", "x-real-ip", "Sec-WebSocket-Key",
        "Cache-Control", "Forwarded", "Set-Cookie", "X-Forwarded-Prefix", "X-SSL-Cipher"}) {
    CAPTURE(name);
    CHECK(!named.contains(name));
  }
}

TEST_CASE("connection: close, keep-alive and upgrade name no field; names beyond 64 are ignored") {
  const HeaderList words = list_of({"close, keep-alive, upgrade"});
  for (const char* name : {"close", "keep-alive", "upgrade", ""}) {
    CHECK(!NamedFields(words).contains(name));
  }
  std::string value;
  for (std::size_t i = 1; i < kMaxConnectionOptions; ++i) value += "a,";
  const HeaderList many = list_of({value, "b, c"});
  CHECK(NamedFields(many).contains("b"));
  CHECK(!NamedFields(many).contains("c"));
}
