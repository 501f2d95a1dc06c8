#include <doctest/doctest.h>

#include <string>

#include "shm/segment.h"
#include "worker/route/session_affinity.h"

namespace {

constexpr char kClient[] = "192.0.2.1";

using Type = conf::SessionPolicy::Type;

constexpr worker::route::HashSecret kSecret{1, 2};
constexpr shm::BackendId kFirst = 101, kSecond = 102, kThird = 103;

struct Fixture {
  explicit Fixture(Type type, std::string id = "") {
    policy.type = type;
    policy.ttl = std::chrono::seconds(300);
    policy.id = std::move(id);
  }
  worker::route::SessionAffinity affinity(std::string_view service = "s",
                                          std::vector<shm::BackendId> backends = {kFirst, kSecond},
                                          std::uint32_t row = 7) {
    return {policy, service, row, kSecret, segment.sessions(), std::move(backends)};
  }
  worker::http::RequestHead head(std::string_view text) {
    bytes = text;
    worker::http::RequestHead parsed;
    worker::http::Refusal refusal;
    std::size_t scanned = 0;
    REQUIRE(worker::http::parse_request_head(bytes, scanned, parsed, refusal) ==
            worker::http::ParseStatus::complete);
    return parsed;
  }
  conf::SessionPolicy policy;
  shm::Segment segment{1024};
  std::string bytes;
};

constexpr std::string_view kPlain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("session_affinity: a policy of no sessions gives no key") {
  Fixture f(Type::none);
  CHECK(!f.affinity().key_of(f.head(kPlain), "192.0.2.7"));
}

TEST_CASE("session_affinity: a session by address belongs to one client") {
  Fixture f(Type::ip);
  worker::route::SessionAffinity affinity = f.affinity();
  const auto one = affinity.key_of(f.head(kPlain), "192.0.2.7");
  const auto other = affinity.key_of(f.head(kPlain), "192.0.2.8");
  REQUIRE(one);
  REQUIRE(other);
  CHECK(!affinity.find(*one, 1000));
  affinity.remember(*one, 1, kClient, 1000);
  CHECK(affinity.find(*one, 2000) == 1);
  CHECK(!affinity.find(*other, 2000));
}

TEST_CASE("session_affinity: clients of one masked network share a session") {
  Fixture f(Type::ip);
  f.policy.mask4 = 20;
  f.policy.mask6 = 64;
  worker::route::SessionAffinity affinity = f.affinity();
  const auto key = [&](std::string_view ip) { return affinity.key_of(f.head(kPlain), ip).value(); };
  CHECK(key("10.1.16.1") == key("10.1.31.255"));
  CHECK(!(key("10.1.16.1") == key("10.1.32.1")));
  CHECK(key("2001:db8::1") == key("2001:db8::ffff:1"));
  CHECK(!(key("2001:db8::1") == key("2001:db8:0:1::1")));
  f.policy.mask4 = 0;
  CHECK(key("10.1.16.1") == key("192.0.2.1"));
  f.policy.mask4 = 32;
  CHECK(!(key("10.1.16.1") == key("10.1.16.0")));
}

TEST_CASE("session_affinity: the same text in two services makes two sessions") {
  Fixture f(Type::cookie, "sess");
  const auto head = f.head("GET / HTTP/1.1\r\nHost: a\r\nCookie: sess=1\r\n\r\n");
  worker::route::SessionAffinity one = f.affinity("one");
  worker::route::SessionAffinity two = f.affinity("two");
  CHECK(!(one.key_of(head, "").value() == two.key_of(head, "").value()));
  one.remember(one.key_of(head, "").value(), 0, kClient, 0);
  CHECK(!two.find(two.key_of(head, "").value(), 0));
}

TEST_CASE("session_affinity: a session is forgotten when its service loses the backend") {
  Fixture f(Type::cookie, "sess");
  const auto head = f.head("GET / HTTP/1.1\r\nHost: a\r\nCookie: sess=1\r\n\r\n");
  worker::route::SessionAffinity before = f.affinity();
  const auto key = before.key_of(head, "").value();
  before.remember(key, 1, kClient, 0);
  worker::route::SessionAffinity reordered = f.affinity("s", {kSecond, kFirst});
  CHECK(reordered.find(key, 0) == 0);
  worker::route::SessionAffinity after = f.affinity("s", {kFirst});
  CHECK(!after.find(key, 0));
  CHECK(!before.find(key, 0));
}

TEST_CASE("session_affinity: the first bind of a session decides its backend") {
  Fixture f(Type::ip);
  worker::route::SessionAffinity affinity = f.affinity();
  const auto key = affinity.key_of(f.head(kPlain), "192.0.2.7").value();
  CHECK(affinity.bind(key, 1, std::nullopt, kClient, 1000) == 1);
  CHECK(affinity.bind(key, 0, std::nullopt, kClient, 1000) == 1);
  CHECK(affinity.bind(key, 0, 1, kClient, 1000) == 0);  // backend 1 is dead
  CHECK(affinity.bind(key, 1, 1, kClient, 1000) == 0);
  CHECK(affinity.find(key, 1000) == 0);
  // Another generation has bound the session to a backend that this service does not have.
  f.affinity("s", {kThird}).remember(key, 0, kClient, 1000);
  CHECK(affinity.bind(key, 1, std::nullopt, kClient, 1000) == 1);
}

TEST_CASE("session_affinity: a session from a response is found by the next request") {
  Fixture f(Type::cookie, "sess");
  worker::route::SessionAffinity affinity = f.affinity();
  worker::http::ResponseHead response;
  response.fields.add({"Set-Cookie", "sess=abc; Path=/", worker::http::FieldId::other});
  affinity.learn(response, 1, kClient, 0);
  const auto head = f.head("GET / HTTP/1.1\r\nHost: a\r\nCookie: sess=abc\r\n\r\n");
  CHECK(affinity.find(affinity.key_of(head, "").value(), 0) == 1);
}

TEST_CASE("session_affinity: the idle time starts at the last use") {
  Fixture f(Type::ip);
  f.policy.ttl = std::chrono::seconds(10);
  worker::route::SessionAffinity affinity = f.affinity();
  const auto key = affinity.key_of(f.head(kPlain), "192.0.2.7").value();
  affinity.remember(key, 0, kClient, 1000);
  CHECK(affinity.find(key, 10000) == 0);
  CHECK(affinity.find(key, 19000) == 0);
  CHECK(!affinity.find(key, 31000));
}

TEST_CASE("session_affinity: a key contains the row of its service") {
  Fixture f(Type::ip);
  worker::route::SessionAffinity affinity = f.affinity("s", {kFirst, kSecond}, 11);
  const auto key = affinity.key_of(f.head(kPlain), "192.0.2.7");
  REQUIRE(key);
  CHECK(shm::service_of(*key) == 11);
  affinity.remember(*key, 0, kClient, 1000);
  std::vector<std::uint64_t> by_service(20);
  CHECK(f.segment.sessions().totals(1000, by_service).live == 1);
  CHECK(by_service[11] == 1);
}

TEST_CASE(
    "session_affinity: a full table: one network pushes out a few live sessions in a second, and "
    "no more") {
  Fixture f(Type::ip);
  worker::route::SessionAffinity affinity = f.affinity();
  shm::SessionTable& table = f.segment.sessions();
  const auto evicted = [&] { return table.totals(1000).evicted; };
  // Sessions of many clients fill every bucket.
  for (std::uint64_t i = 0; evicted() == 0; ++i) {
    table.remember({i * 0x9e3779b97f4a7c15U, i * 0xbf58476d1ce4e5b9U + 1}, kFirst, 300, 1000);
  }
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    table.remember({i * 0x94d049bb133111ebU, i * 0xd6e8feb86659fd93U + 1}, kFirst, 300, 1000);
  }
  const std::uint64_t before = evicted();
  const auto flood = [&](std::string_view from, std::uint64_t now_ms) {
    for (std::uint64_t i = 1; i <= 200; ++i) {
      const shm::SessionKey key{i * 0xc2b2ae3d27d4eb4fU + now_ms, i * 0x165667b19e3779f9U};
      affinity.bind(key, 0, std::nullopt, from, now_ms);
      affinity.remember({key.high, key.low + 1}, 1, from, now_ms);
    }
  };
  flood("192.0.2.1", 1000);
  CHECK(evicted() == before + worker::route::kEvictionsPerSecond);
  flood("192.0.2.1", 1900);
  CHECK(evicted() == before + worker::route::kEvictionsPerSecond);
  flood("192.0.2.9", 1900);
  CHECK(evicted() == before + 2 * worker::route::kEvictionsPerSecond);
  flood("2001:db8::1", 2900);
  flood("2001:db8::2", 2900);  // the same network
  CHECK(evicted() == before + 3 * worker::route::kEvictionsPerSecond);
}

TEST_CASE("session_affinity: a bound session is known at once, or after an answer") {
  Fixture f(Type::ip);
  for (const shm::Trust trust : {shm::Trust::confirmed, shm::Trust::unconfirmed}) {
    const bool at_once = trust == shm::Trust::confirmed;
    worker::route::SessionAffinity affinity(f.policy, at_once ? "s" : "t", 7, kSecret,
                                            f.segment.sessions(), {kFirst, kSecond}, trust);
    const auto key = affinity.key_of(f.head(kPlain), kClient).value();
    CHECK_FALSE(affinity.look_up(key, 1000));
    CHECK(affinity.bind(key, 1, std::nullopt, kClient, 1000) == 1);
    REQUIRE(affinity.look_up(key, 1000));
    CHECK(affinity.look_up(key, 1000)->backend_index == 1);
    CHECK(affinity.look_up(key, 1000)->is_known == at_once);
    affinity.remember(key, 1, kClient, 1000);
    CHECK(affinity.look_up(key, 1000)->is_known);
  }
}

TEST_CASE("session_affinity: a known session whose backend has left the service is forgotten") {
  Fixture f(Type::ip);
  worker::route::SessionAffinity before = f.affinity();
  worker::route::SessionAffinity after = f.affinity("s", {kSecond, kThird});
  const auto key = before.key_of(f.head(kPlain), kClient).value();
  before.remember(key, 0, kClient, 1000);
  REQUIRE(before.look_up(key, 1000));
  CHECK(before.look_up(key, 1000)->is_known);
  CHECK_FALSE(after.look_up(key, 1000));
  CHECK_FALSE(before.look_up(key, 1000));
}

TEST_CASE("session_affinity: an operator finds a session by what its client sends") {
  Fixture cookie(Type::cookie, "sess");
  CHECK(cookie.affinity().key_of_text("abc") ==
        cookie.affinity().key_of(
            cookie.head("GET / HTTP/1.1\r\nHost: a\r\nCookie: sess=abc\r\n\r\n"), kClient));
  CHECK_FALSE(cookie.affinity().key_of_text(""));
  CHECK_FALSE(cookie.affinity().key_of_text(std::string(4097, 'x')));
  Fixture ip(Type::ip);
  ip.policy.mask4 = 24;
  CHECK(ip.affinity().key_of_text("192.0.2.200") ==
        ip.affinity().key_of(ip.head(kPlain), "192.0.2.1"));
  CHECK(ip.affinity().key_of_text("unix:") == ip.affinity().key_of(ip.head(kPlain), "unix:"));
  CHECK_FALSE(ip.affinity().key_of_text("www.example.com"));
  CHECK_FALSE(Fixture(Type::insert, "PSRV").affinity().key_of_text("abc"));
  CHECK_FALSE(Fixture(Type::none).affinity().key_of_text("abc"));
}
