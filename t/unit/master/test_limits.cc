// The limits of a generation: rows over reloads, what is in force, names.
#include "master/limits.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

#include "master/generation.h"
#include "master/start_error.h"
#include "shm/status_objects.h"
#include "t/unit/master/heritage.h"

namespace {

conf::ClientLimit limit(unsigned rate) {
  conf::ClientLimit made;
  made.rate = rate;
  made.burst = 10 * rate;
  return made;
}

// A heritage with these limits of its first listener, and of the two services of it.
worker::Heritage with_limits(shm::Segment& segment, std::vector<conf::ClientLimit> listener,
                             std::vector<conf::ClientLimit> first = {},
                             std::vector<conf::ClientLimit> second = {}) {
  worker::Heritage heritage = sample_heritage();
  conf::Config config = *heritage.config;
  config.listeners[0].client_limits = std::move(listener);
  config.listeners[0].services.resize(2);
  config.listeners[0].services[0].client_limits = std::move(first);
  config.listeners[0].services[1].client_limits = std::move(second);
  heritage.config = std::make_shared<const conf::Config>(std::move(config));
  heritage.listeners[0].service_rows = *segment.services().enroll({101, 102});
  master::enroll_limits(heritage, segment);
  return heritage;
}

}  // namespace

TEST_CASE("limits: each limit has a row of its own") {
  shm::Segment segment;
  const worker::Heritage heritage =
      with_limits(segment, {limit(1), limit(1)}, {limit(1)}, {limit(1)});
  const worker::route::ListenerHeritage& listener = heritage.listeners[0];
  REQUIRE(listener.limits.size() == 2);
  REQUIRE(listener.service_limits.size() == 2);
  CHECK(listener.limits[0].row == 0);
  CHECK(listener.limits[1].row == 1);
  CHECK(listener.service_limits[0].at(0).row == 2);
  CHECK(listener.service_limits[1].at(0).row == 3);
  CHECK(listener.limits[0].id != listener.limits[1].id);
  CHECK(segment.limits().size() == 4);
  CHECK(heritage.listeners[1].limits.empty());
}

TEST_CASE("limits: a limit with another rate is the same one, with another client it is not") {
  shm::Segment segment;
  const auto id_of = [&](const conf::ClientLimit& one) {
    return with_limits(segment, {one}).listeners[0].limits[0].id;
  };
  const shm::LimitId id = id_of(limit(1));
  CHECK(id_of(limit(5)) == id);
  conf::ClientLimit other = limit(1);
  other.mask4 = 24;
  CHECK(id_of(other) != id);
  other = limit(1);
  other.mask6 = 48;
  CHECK(id_of(other) != id);
  other = limit(1);
  other.key = conf::ClientLimit::Key::header;
  other.key_name = "a";
  const shm::LimitId header = id_of(other);
  CHECK(header != id);
  other.key = conf::ClientLimit::Key::cookie;
  CHECK(id_of(other) != header);
  other.key_name = "b";
  CHECK(id_of(other) != header);
}

TEST_CASE("limits: too many are an error") {
  shm::Segment segment;
  const std::vector<conf::ClientLimit> all(shm::kMaxLimits, limit(1));
  CHECK_NOTHROW(with_limits(segment, all));
  CHECK_THROWS_WITH_AS(with_limits(segment, all, {limit(1)}), "more than 4096 limits",
                       master::StartError);
}

TEST_CASE("limits: rows that no generation uses are retired") {
  shm::Segment segment;
  master::Generation old;
  old.heritage = with_limits(segment, {limit(1), limit(1)}, {limit(1)});
  master::Generation fresh;
  fresh.heritage = with_limits(segment, {limit(1)});
  master::retire_unused_limits(segment, {&old, &fresh});
  for (std::uint32_t row = 0; row < 3; ++row) CHECK(segment.limits().enrolled(row));
  master::retire_unused_limits(segment, {&fresh});
  CHECK(segment.limits().enrolled(0));
  CHECK(!segment.limits().enrolled(1));
  CHECK(!segment.limits().enrolled(2));
}

TEST_CASE("limits: the longest burst in force is what the master believes in the table") {
  constexpr std::uint64_t kSecond = 1'000'000;
  shm::Segment segment;
  shm::RateTable& rates = segment.rates();
  const auto put = [&](std::uint64_t seconds) {
    rates.pass({seconds << 32, seconds}, {seconds * kSecond, seconds * kSecond}, kSecond);
  };
  put(15);
  put(40);
  master::put_limits_in_force(with_limits(segment, {limit(1)}), segment);  // 10 s, and the skew
  CHECK(rates.mend(0, rates.buckets(), kSecond) == 1);
  put(40);
  conf::ClientLimit slow = limit(1);
  slow.per = std::chrono::seconds(3);
  master::put_limits_in_force(with_limits(segment, {limit(1)}, {}, {slow}), segment);
  CHECK(rates.mend(0, rates.buckets(), kSecond) == 0);
}

TEST_CASE("limits: names for the status") {
  shm::Segment segment;
  conf::ClientLimit other = limit(1);
  other.key = conf::ClientLimit::Key::cookie;
  other.key_name = "sess";
  other.mode = conf::ClientLimit::Mode::observe;
  shm::RowNames names;
  worker::add_names(names, with_limits(segment, {limit(1)}, {}, {limit(1), other}));
  REQUIRE(names.limits.size() == 3);
  CHECK(names.limits[0].owner == "127.0.0.1:0");
  CHECK(names.limits[0].number == 1);
  CHECK(names.limits[0].key == "address");
  CHECK(names.limits[0].mode == "enforce");
  CHECK(names.limits[2].owner == "127.0.0.1:0/2");
  CHECK(names.limits[2].number == 2);
  CHECK(names.limits[2].key == "cookie:sess");
  CHECK(names.limits[2].mode == "observe");
}
