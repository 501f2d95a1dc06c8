// Known names, and the capacity of the list.
#include "worker/http/header_list.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace worker::http;

namespace {

const std::vector<std::pair<std::string, FieldId>> kKnown{
    {"Authorization", FieldId::authorization},
    {"Connection", FieldId::connection},
    {"Content-Length", FieldId::content_length},
    {"Cookie", FieldId::cookie},
    {"Date", FieldId::date},
    {"Expect", FieldId::expect},
    {"Host", FieldId::host},
    {"Keep-Alive", FieldId::keep_alive},
    {"Proxy-Connection", FieldId::proxy_connection},
    {"Referer", FieldId::referer},
    {"TE", FieldId::te},
    {"Trailer", FieldId::trailer},
    {"Transfer-Encoding", FieldId::transfer_encoding},
    {"Upgrade", FieldId::upgrade},
    {"User-Agent", FieldId::user_agent},
    {"Forwarded", FieldId::forwarded},
    {"X-Real-IP", FieldId::x_real_ip},
    {"X-Forwarded-For", FieldId::x_forwarded_for},
    {"X-Forwarded-Host", FieldId::x_forwarded_host},
    {"X-Forwarded-Port", FieldId::x_forwarded_port},
    {"X-Forwarded-Proto", FieldId::x_forwarded_proto},
    {"X-SSL-Cipher", FieldId::x_ssl},
    {"X-SSL-", FieldId::x_ssl},
};

// What a name is that differs from a known one: those of two families stay in them.
FieldId unknown_id(std::string_view name) {
  const bool is_in_family = name.starts_with("X-Forwarded-") || name.starts_with("X-Real-");
  return is_in_family ? FieldId::proxy_only : FieldId::other;
}

std::string in_capitals(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

TEST_CASE("header_list: known names are found in any letter case, and similar names are not") {
  for (const auto& known : kKnown) {
    const std::string& name = known.first;
    const FieldId id = known.second;
    CAPTURE(name);
    CHECK(field_id(name) == id);
    CHECK(field_id(in_capitals(name)) == id);
    if (id == FieldId::x_ssl) continue;
    CHECK(field_id(name + "x") == unknown_id(name));
    CHECK(field_id(name.substr(0, name.size() - 1)) == unknown_id(name));
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string changed = name;
      changed[i] = '!';
      CHECK(field_id(changed) == unknown_id(changed));
    }
  }
  CHECK(field_id("") == FieldId::other);
  CHECK(field_id("X-SSL") == FieldId::other);
  CHECK(field_id("X-SSLx") == FieldId::other);
}

TEST_CASE("header_list: names that only a proxy may set, and similar names") {
  for (const char* name : {"Proxy", "X-Forwarded-Ssl", "X-Forwarded-", "X-Real-Host", "X-REAL-PORT",
                           "remote-user", "Remote-Groups", "X-Remote-User"}) {
    CAPTURE(name);
    CHECK(field_id(name) == FieldId::proxy_only);
  }
  for (const char* name : {"Prox", "Proxyx", "Forwarde", "Forwardedx", "X-Forwarded", "X-Real",
                           "X-Realm", "Remote", "Remotes", "X-Remote", "Referrer", "From"}) {
    CAPTURE(name);
    CHECK(field_id(name) == FieldId::other);
  }
  CHECK(twin_field_id("Remote_User") == FieldId::proxy_only);
  CHECK(twin_field_id("X_Real_IP_and_a_name_longer_than_any") == FieldId::proxy_only);
}

TEST_CASE("header_list: a twin has '_' or another character for '-'") {
  CHECK(twin_field_id("X_Forwarded_For") == FieldId::x_forwarded_for);
  CHECK(twin_field_id("x-forwarded_PROTO") == FieldId::x_forwarded_proto);
  CHECK(twin_field_id("X_SSL_Client_Cert_And_A_Name_Longer_Than_Any") == FieldId::x_ssl);
  CHECK(twin_field_id("Transfer_Encoding") == FieldId::transfer_encoding);
  CHECK(twin_field_id("Content-Length") == FieldId::content_length);
  CHECK(twin_field_id("X.Forwarded~For") == FieldId::x_forwarded_for);
  CHECK(twin_field_id("Content|Length") == FieldId::content_length);
  CHECK(twin_field_id("my_field") == FieldId::other);
  CHECK(twin_field_id(std::string(40, '_')) == FieldId::other);
}

TEST_CASE("header_list: 100 fields fit, the next does not") {
  HeaderList list;
  for (std::size_t i = 0; i < kMaxFields; ++i) CHECK(list.add({"A", "b", FieldId::other}));
  CHECK(!list.add({"Host", "b", FieldId::host}));
  CHECK(list.size() == 100);
  CHECK(!list.has(FieldId::host));
}

TEST_CASE("header_list: find returns the first, count counts all, clear removes all") {
  HeaderList list;
  CHECK(list.find(FieldId::cookie) == nullptr);
  CHECK(list.add({"Cookie", "a", FieldId::cookie}));
  CHECK(list.add({"X", "b", FieldId::other}));
  CHECK(list.add({"cookie", "c", FieldId::cookie}));
  REQUIRE(list.find(FieldId::cookie) != nullptr);
  CHECK(list.find(FieldId::cookie)->value == "a");
  CHECK(list.count(FieldId::cookie) == 2);
  CHECK(list.count(FieldId::host) == 0);
  CHECK(list.has(FieldId::cookie));
  list.clear();
  CHECK(list.size() == 0);
  CHECK(!list.has(FieldId::cookie));
  CHECK(list.find(FieldId::cookie) == nullptr);
}

TEST_CASE("header_list: the requested limit holds, up to the capacity") {
  HeaderList list;
  list.clear(1);
  CHECK(list.add({"A", "b", FieldId::other}));
  CHECK(!list.add({"A", "b", FieldId::other}));
  list.clear(kFieldCapacity + 1);
  for (std::size_t i = 0; i < kFieldCapacity; ++i) CHECK(list.add({"A", "b", FieldId::other}));
  CHECK(!list.add({"A", "b", FieldId::other}));
  list.clear();
  for (std::size_t i = 0; i < kMaxFields; ++i) CHECK(list.add({"A", "b", FieldId::other}));
  CHECK(!list.add({"A", "b", FieldId::other}));
}
