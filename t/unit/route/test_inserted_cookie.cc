#include "worker/route/inserted_cookie.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using worker::route::InsertedCookie;

const std::vector<std::string> kThree{"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"};
const std::vector<std::string> kSecret{"0123456789abcdef0123456789abcdef"};
const std::vector<std::string> kOther{"another secret of 32 bytes or mo"};

conf::SessionPolicy policy(int ttl_s = 0) {
  conf::SessionPolicy made;
  made.type = conf::SessionPolicy::Type::insert;
  made.id = "PSRV";
  made.ttl = std::chrono::seconds(ttl_s);
  return made;
}

std::string field(const InsertedCookie& cookie, std::size_t backend, bool is_https = false) {
  std::string text;
  cookie.append_field(backend, is_https, text);
  return text;
}

std::string value(const InsertedCookie& cookie, std::size_t backend) {
  return field(cookie, backend).substr(std::string_view("Set-Cookie: PSRV=").size(), 32);
}

std::optional<std::size_t> find(const InsertedCookie& cookie, const std::string& fields) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  worker::http::RequestHead head;
  worker::http::Refusal refusal;
  std::size_t scanned = 0;
  REQUIRE(worker::http::parse_request_head(text, scanned, head, refusal) ==
          worker::http::ParseStatus::complete);
  const auto named = cookie.find(head);
  if (!named) return std::nullopt;
  return named->backend;
}

}  // namespace

TEST_CASE("inserted_cookie: the field, with its attributes") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie cookie(session, kThree, kSecret);
  const std::string made = value(cookie, 0);
  CHECK(made.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(field(cookie, 0) == "Set-Cookie: PSRV=" + made + "; Path=/; HttpOnly; SameSite=Lax\r\n");
  CHECK(field(cookie, 0, true) ==
        "Set-Cookie: PSRV=" + made + "; Path=/; HttpOnly; SameSite=Lax; Secure\r\n");
  const conf::SessionPolicy lasting = policy(300);
  CHECK(field(InsertedCookie(lasting, kThree, kSecret), 0) ==
        "Set-Cookie: PSRV=" + made + "; Max-Age=300; Path=/; HttpOnly; SameSite=Lax\r\n");
}

TEST_CASE("inserted_cookie: the value is the HMAC of the backend, the same on every machine") {
  const conf::SessionPolicy session = policy();
  CHECK(value(InsertedCookie(session, kThree, kSecret), 0) == "2a9fc3dbed03152734998e4551e96c3b");
  const std::vector<std::string> other_order{kThree[2], kThree[0]};
  const InsertedCookie there(session, other_order, kSecret);
  const InsertedCookie here(session, kThree, kSecret);
  CHECK(value(there, 0) == value(here, 2));
  CHECK(find(there, "Cookie: PSRV=" + value(here, 0) + "\r\n") == 1);
}

TEST_CASE("inserted_cookie: it names its backend, wherever it stands") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie cookie(session, kThree, kSecret);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string made = value(cookie, i);
    CHECK(find(cookie, "Cookie: PSRV=" + made + "\r\n") == i);
    CHECK(find(cookie, "Cookie: a=b; PSRV=" + made + "; c=d\r\n") == i);
    CHECK(find(cookie, "Cookie: a=b\r\nCookie:  PSRV = " + made + " \r\n") == i);
  }
}

TEST_CASE("inserted_cookie: the first valid one of several counts") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie cookie(session, kThree, kSecret);
  const std::string one = value(cookie, 1);
  const std::string two = value(cookie, 2);
  CHECK(find(cookie, "Cookie: PSRV=old; PSRV=" + one + "; PSRV=" + two + "\r\n") == 1);
  CHECK(find(cookie, "Cookie: PSRV=" + std::string(32, '0') + "\r\nCookie: PSRV=" + two + "\r\n") ==
        2);
}

TEST_CASE("inserted_cookie: a forged or a stale value names none") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie cookie(session, kThree, kSecret);
  const std::string made = value(cookie, 0);
  std::string forged = made;
  forged.back() = forged.back() == '0' ? '1' : '0';
  const InsertedCookie other(session, kThree, kOther);
  const std::vector<std::string> gone{"192.0.2.9:80"};
  const InsertedCookie stale(session, gone, kSecret);
  for (const std::string& text :
       {forged, made + "0", made.substr(1), std::string(), "\"" + made + "\"", value(other, 0),
        value(stale, 0), std::string(32, '\xff')}) {
    CHECK(!find(cookie, "Cookie: PSRV=" + text + "\r\n"));
  }
  CHECK(!find(cookie, "Cookie: psrv=" + made + "\r\n"));
  CHECK(!find(cookie, "Cookie: " + made + "\r\n"));
  CHECK(!find(cookie, "X-Cookie: PSRV=" + made + "\r\n"));
  CHECK(!find(cookie, ""));
}

TEST_CASE("inserted_cookie: a client that has it needs it again only to renew its TTL") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie cookie(session, kThree, kSecret);
  CHECK(cookie.is_due(std::nullopt, 0));
  CHECK(cookie.is_due(InsertedCookie::Named{1, true}, 0));
  CHECK(!cookie.is_due(InsertedCookie::Named{0, true}, 0));
  CHECK(cookie.is_due(InsertedCookie::Named{0, false}, 0));
  const conf::SessionPolicy lasting = policy(300);
  CHECK(InsertedCookie(lasting, kThree, kSecret).is_due(InsertedCookie::Named{0, true}, 0));
}

TEST_CASE("inserted_cookie: of two keys the first makes values, and both are recognised") {
  const conf::SessionPolicy session = policy();
  const InsertedCookie old(session, kThree, kSecret);
  const InsertedCookie fresh(session, kThree, kOther);
  const std::vector<std::string> both{kOther[0], kSecret[0]};
  const InsertedCookie changing(session, kThree, both);
  for (std::size_t i = 0; i < kThree.size(); ++i) {
    CHECK(value(changing, i) == value(fresh, i));
    const auto of_old = changing.find_value(value(old, i));
    REQUIRE(of_old);
    CHECK(of_old->backend == i);
    CHECK_FALSE(of_old->is_current);
    const auto of_fresh = changing.find_value(value(fresh, i));
    REQUIRE(of_fresh);
    CHECK(of_fresh->backend == i);
    CHECK(of_fresh->is_current);
  }
}
