// One limit: who is a client, and what counts.
#include "worker/route/client_limit.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "worker/http/limits.h"
#include "worker/net/wake.h"

using worker::route::ClientLimit;
using worker::route::CountedConnection;
using Key = conf::ClientLimit::Key;

namespace {

constexpr std::uint64_t kNow = 5'000'000'000;
constexpr std::uint64_t kSecond = 1'000'000;

struct World {
  conf::ClientLimit& configure(unsigned burst) {
    config.rate = 1;
    config.per = std::chrono::seconds(3600);
    config.burst = burst;
    return config;
  }
  // The same limit as another process of the same generation, or of a later one, has it.
  ClientLimit limit(std::uint32_t number = 1, shm::Row of_row = 0) {
    return {"listener 192.0.2.1:80: Limit 1",
            config,
            {*segment.limits().enroll(number), number},
            {secret, segment, of_row}};
  }
  bool passes(ClientLimit& limit, const std::string& ip, const std::string& fields = "",
              std::uint64_t now_us = kNow) {
    text = "GET / HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n";
    std::size_t scanned = 0;
    worker::http::Refusal refusal;
    head.clear();
    REQUIRE(worker::http::parse_request_head(text, scanned, head, refusal, {}) ==
            worker::http::ParseStatus::complete);
    return !limit.over_rate(head, ip, now_us, log);
  }
  unsigned passed(ClientLimit& limit, const std::string& ip, const std::string& fields = "") {
    unsigned count = 0;
    while (count < 100 && passes(limit, ip, fields)) ++count;
    return count;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    int priority = 0;
    std::string line;
    while (reader.read(segment.log_ring(row), priority, line)) found.push_back(line);
    return found;
  }

  shm::Segment segment;
  shm::LogReader reader;
  shm::Row row = segment.workers().take(0, 1).value();
  worker::net::WakePair doorbell = worker::net::make_wake_pair().value();
  worker::log::Log log{segment.log_ring(row), doorbell.waker.get(), segment.log_detail()};
  worker::route::HashSecret secret{1, 2};
  conf::ClientLimit config;
  std::string text;
  worker::http::RequestHead head;
};

}  // namespace

TEST_CASE("client_limit: each address has a burst of its own") {
  World world;
  world.configure(3);
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "192.0.2.1") == 3);
  CHECK(world.passed(limit, "192.0.2.2") == 3);
  CHECK(world.passed(limit, "2001:db8::1") == 3);
  CHECK(world.passed(limit, "192.0.2.1") == 0);
}

TEST_CASE("client_limit: workers and generations share the state of a limit") {
  World world;
  world.configure(3);
  ClientLimit limit = world.limit(1, 0);
  ClientLimit other_worker = world.limit(1, 7);
  ClientLimit other_limit = world.limit(2, 0);
  CHECK(world.passed(limit, "192.0.2.1") == 3);
  CHECK(world.passed(other_worker, "192.0.2.1") == 0);
  CHECK(world.passed(other_limit, "192.0.2.1") == 3);
  const shm::LimitCounters counters = world.segment.limits().counters(0);
  CHECK(counters.passed == 3);
  CHECK(counters.over == 2);
}

TEST_CASE("client_limit: without a rate no request counts") {
  World world;
  world.config.connections = 1;
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "192.0.2.1") == 100);
  CHECK(world.segment.limits().counters(0).passed == 0);
}

TEST_CASE("client_limit: an IPv6 client is its network of 64 bits") {
  World world;
  world.configure(2);
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "2001:db8:0:1::1") == 2);
  CHECK(world.passed(limit, "2001:db8:0:1:ffff::9") == 0);
  CHECK(world.passed(limit, "2001:db8:0:2::1") == 2);
}

TEST_CASE("client_limit: an IPv4 address in the form of IPv6 is the same client") {
  World world;
  world.configure(2);
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "192.0.2.1") == 2);
  CHECK(world.passed(limit, "::ffff:192.0.2.1") == 0);
}

TEST_CASE("client_limit: masks of any length") {
  struct Row {
    unsigned mask4, mask6;
    std::string ip, same, other;  // no `other`: all are the same
  };
  for (const Row& row : std::vector<Row>{
           {31, 64, "192.0.2.2", "192.0.2.3", "192.0.2.4"},
           {24, 64, "192.0.2.2", "192.0.2.255", "192.0.3.2"},
           {1, 64, "127.0.0.1", "1.1.1.1", "128.0.0.1"},
           {0, 64, "1.1.1.1", "255.255.255.255", ""},
           {32, 128, "::1:0", "0::1:0", "::1:1"},
           {32, 127, "2001:db8::2", "2001:db8::3", "2001:db8::4"},
           {32, 65, "2001:db8::1", "2001:db8::7fff:ffff:ffff:ffff", "2001:db8:0:0:8000::1"},
           {32, 63, "2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"},
           {32, 48, "2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1"},
           {32, 1, "1::", "7fff::", "8000::"},
           {32, 0, "1::", "ffff::", ""},
       }) {
    CAPTURE(row.ip);
    World world;
    world.configure(1);
    world.config.mask4 = row.mask4;
    world.config.mask6 = row.mask6;
    ClientLimit limit = world.limit();
    CHECK(world.passes(limit, row.ip));
    CHECK(!world.passes(limit, row.same));
    if (!row.other.empty()) CHECK(world.passes(limit, row.other));
  }
}

TEST_CASE("client_limit: with masks of 0, IPv4 and IPv6 are two clients") {
  World world;
  world.configure(1);
  world.config.mask4 = world.config.mask6 = 0;
  ClientLimit limit = world.limit();
  CHECK(world.passes(limit, "0.0.0.0"));
  CHECK(world.passes(limit, "::"));
  CHECK(!world.passes(limit, "192.0.2.1"));
}

TEST_CASE("client_limit: a field of the request") {
  World world;
  world.configure(2).key = Key::header;
  world.config.key_name = "X-Api-Key";
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "192.0.2.1", "X-Api-Key: a\r\n") == 2);
  CHECK(world.passed(limit, "192.0.2.2", "x-api-key: a\r\n") == 0);
  CHECK(world.passed(limit, "192.0.2.1", "X-Api-Key: b\r\n") == 2);
}

TEST_CASE("client_limit: a request without the field or cookie is limited by its address") {
  for (const Key key : {Key::header, Key::cookie}) {
    World world;
    world.configure(2).key = key;
    world.config.key_name = "id";
    ClientLimit limit = world.limit();
    CHECK(world.passed(limit, "192.0.2.1", "X-Other: a\r\nCookie: other=a\r\n") == 2);
    CHECK(world.passed(limit, "192.0.2.1", "id: \r\nCookie: id=\r\n") == 0);
    CHECK(world.passed(limit, "192.0.2.1", "id: " + std::string(5000, 'a') + "\r\n") == 0);
    CHECK(world.passed(limit, "192.0.2.2") == 2);
    // The text of an address is not the address.
    CHECK(world.passed(limit, "192.0.2.9", "id: 192.0.2.1\r\nCookie: id=192.0.2.1\r\n") == 2);
  }
}

TEST_CASE("client_limit: a cookie of the request") {
  World world;
  world.configure(2).key = Key::cookie;
  world.config.key_name = "sess";
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "192.0.2.1", "Cookie: a=b; sess=1\r\n") == 2);
  CHECK(world.passed(limit, "192.0.2.2", "Cookie: sess=1\r\n") == 0);
  CHECK(world.passed(limit, "192.0.2.1", "Cookie: sess=2\r\n") == 2);
}

TEST_CASE("client_limit: the wait is the time until one request passes") {
  World world;
  world.configure(1);
  world.config.per = std::chrono::seconds(10);
  ClientLimit limit = world.limit();
  CHECK(world.passes(limit, "192.0.2.1"));
  CHECK(limit.over_rate(world.head, "192.0.2.1", kNow + 4 * kSecond, world.log) == 6 * kSecond);
  CHECK(world.passes(limit, "192.0.2.1", "", kNow + 10 * kSecond));
}

TEST_CASE("client_limit: rates are exact within half a percent") {
  for (const unsigned rate : {1U, 3U, 7U, 999U, 7000U, 9999U, 10'000U}) {
    conf::ClientLimit config;
    config.rate = rate;
    config.burst = 10;
    const shm::Rate made = worker::route::rate_of(config);
    CHECK(1e6 / static_cast<double>(made.interval_us) == doctest::Approx(rate).epsilon(0.005));
    CHECK(made.horizon_us == 10 * made.interval_us);
  }
}

TEST_CASE("client_limit: the longest burst fits into the table") {
  conf::ClientLimit config;
  config.rate = 7;
  config.per = std::chrono::seconds(86'400);
  config.burst = 7;
  CHECK(worker::route::rate_of(config).horizon_us < shm::kMostAheadUs - shm::kRateSkewUs);
  config.rate = 9'999;
  config.per = std::chrono::seconds(1);
  config.burst = 10'000'000;
  CHECK(worker::route::rate_of(config).horizon_us < shm::kMostAheadUs - shm::kRateSkewUs);
}

TEST_CASE("client_limit: an observer counts and logs the network, every ten seconds") {
  World world;
  world.configure(1).mode = conf::ClientLimit::Mode::observe;
  ClientLimit limit = world.limit();
  CHECK(world.passed(limit, "2001:db8::1") == 100);
  CHECK(world.passes(limit, "2001:db8::1", "", kNow + 10 * kSecond - 1));
  const std::string line =
      "listener 192.0.2.1:80: Limit 1 observes: client 2001:db8::/64 is over its rate";
  CHECK(world.lines() == std::vector<std::string>{line});
  CHECK(world.passes(limit, "2001:db8::1", "", kNow + 10 * kSecond));
  CHECK(world.lines() == std::vector<std::string>{line});
  CHECK(world.segment.limits().top().merged(9) ==
        std::vector<shm::TopClient>{{"2001:db8::/64", 101, 0}});
}

TEST_CASE("client_limit: connections up to the limit, which end with what counts them") {
  World world;
  world.config.connections = 2;
  ClientLimit limit = world.limit();
  ClientLimit other_limit = world.limit(2);
  auto first = limit.new_connection();
  auto second = limit.new_connection();
  auto third = limit.new_connection();
  CHECK(limit.admits("192.0.2.1", *first, kNow, world.log));
  CHECK(limit.admits("192.0.2.1", *second, kNow, world.log));
  CHECK(!limit.admits("192.0.2.1", *third, kNow, world.log));
  CHECK(other_limit.admits("192.0.2.1", *third, kNow, world.log));
  CHECK(limit.admits("192.0.2.2", *third, kNow, world.log));
  first.reset();
  third.reset();
  auto fourth = limit.new_connection();
  CHECK(limit.admits("192.0.2.1", *fourth, kNow, world.log));
  CHECK(!limit.admits("192.0.2.1", *limit.new_connection(), kNow, world.log));
  CHECK(world.segment.limits().counters(0).connections_over == 2);
  CHECK(world.lines().empty());
}

TEST_CASE("client_limit: observed connections count, too") {
  World world;
  world.config.connections = 1;
  world.config.mode = conf::ClientLimit::Mode::observe;
  ClientLimit limit = world.limit();
  std::vector<std::unique_ptr<CountedConnection>> all;
  for (unsigned i = 0; i < 3; ++i) {
    all.push_back(limit.new_connection());
    CHECK(limit.admits("192.0.2.1", *all.back(), kNow, world.log));
  }
  CHECK(world.segment.limits().counters(0).connections_over == 2);
  all.erase(all.begin());  // two are left, which is still more than one
  all.push_back(limit.new_connection());
  CHECK(limit.admits("192.0.2.1", *all.back(), kNow, world.log));
  CHECK(world.segment.limits().counters(0).connections_over == 3);
  CHECK(world.lines() ==
        std::vector<std::string>{
            "listener 192.0.2.1:80: Limit 1 observes: client 192.0.2.1 has too many connections"});
}
