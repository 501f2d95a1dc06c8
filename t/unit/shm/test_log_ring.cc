// Log rings: records stay in order and whole, dropped ones are counted, a sleeping reader is woken.
#include <doctest/doctest.h>
#include <sched.h>

#include <cstring>
#include <memory>
#include <string>

#include "shm/log_ring.h"
#include "t/unit/shm/children.h"

using children::Bell;
using children::Random;
using children::Shared;
using shm::kLogRingBytes;
using shm::kMaxLogRecord;
using shm::LogReader;
using shm::LogRing;

namespace {

// A record of these tests: a number, then bytes that depend on the number.
std::string text_of(std::uint64_t number) {
  std::string text = std::to_string(number) + ":";
  text.append(number * 7919 % 900, static_cast<char>('a' + number % 26));
  return text;
}

// The number of a whole record. Nothing when the text differs from that of text_of.
bool parse(const std::string& text, std::uint64_t& number) {
  number = std::strtoull(text.c_str(), nullptr, 10);
  return text == text_of(number);
}

}  // namespace

TEST_CASE("records come out as they went in, in order, with their priority") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = -1;
  std::string text;
  CHECK_FALSE(reader.read(*ring, priority, text));
  CHECK_FALSE(ring->write(3, "first"));
  CHECK_FALSE(ring->write(7, ""));
  CHECK_FALSE(ring->write(0, std::string("\0\n\xff", 3)));
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(priority == 3);
  CHECK(text == "first");
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(priority == 7);
  CHECK(text == "");
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(priority == 0);
  CHECK(text == std::string("\0\n\xff", 3));
  CHECK_FALSE(reader.read(*ring, priority, text));
}

TEST_CASE("a record of kMaxLogRecord is whole, one byte more is cut") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = 0;
  std::string text;
  const std::string longest(kMaxLogRecord, 'x');
  ring->write(4, longest);
  ring->write(4, longest + "y");
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(text == longest);
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(text == longest);
  CHECK(ring->dropped() == 0);
}

TEST_CASE("a full ring drops and counts, and takes again what fits") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = 0;
  std::string text;
  // 8 bytes of header and 56 of text: exactly 4096 records.
  const std::string line(56, 'l');
  const std::uint32_t fit = kLogRingBytes / 64;
  for (std::uint32_t i = 0; i < fit; ++i) ring->write(6, line);
  CHECK(ring->dropped() == 0);
  ring->write(6, "");
  CHECK(ring->dropped() == 1);
  ring->write(6, line);
  CHECK(ring->dropped() == 2);
  REQUIRE(reader.read(*ring, priority, text));
  ring->write(6, line + "x");  // one byte too long for the gap
  CHECK(ring->dropped() == 3);
  ring->write(5, line);
  CHECK(ring->dropped() == 3);
  for (std::uint32_t i = 0; i < fit; ++i) {
    REQUIRE(reader.read(*ring, priority, text));
    REQUIRE(text == line);
  }
  CHECK(priority == 5);
  CHECK_FALSE(reader.read(*ring, priority, text));
}

TEST_CASE("records of all lengths survive the end of the ring") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = 0;
  std::string text;
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    ring->write(static_cast<int>(written % 8), text_of(written));
    ++written;
    if (round % 3 == 0) continue;  // reads too rarely, so that the ring is never quite empty
    REQUIRE(reader.read(*ring, priority, text));
    REQUIRE(text == text_of(read));
    REQUIRE(priority == static_cast<int>(read % 8));
    ++read;
    if (ring->dropped() == 0 && written - read > 200) {
      while (read < written) {
        REQUIRE(reader.read(*ring, priority, text));
        REQUIRE(text == text_of(read++));
      }
    }
  }
  CHECK(ring->dropped() == 0);
}

TEST_CASE("exactly one write after sleep is told to wake the reader") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  CHECK_FALSE(ring->write(6, "awake"));
  ring->sleep();
  CHECK(ring->write(6, "wakes"));
  CHECK_FALSE(ring->write(6, "too late"));
  ring->sleep();
  ring->awake();
  CHECK_FALSE(ring->write(6, "was not asleep"));
}

TEST_CASE("a drop wakes a sleeping reader, too") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  const std::string line(56, 'l');
  for (std::uint32_t i = 0; i < kLogRingBytes / 64; ++i) ring->write(6, line);
  ring->sleep();
  CHECK(ring->write(6, line));
  CHECK(ring->dropped() == 1);
}

TEST_CASE("reset empties everything") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  const std::string line(56, 'l');
  for (std::uint32_t i = 0; i <= kLogRingBytes / 64; ++i) ring->write(6, line);
  ring->sleep();
  REQUIRE(ring->dropped() == 1);
  ring->reset();
  reader = {};
  int priority = 0;
  std::string text;
  CHECK(ring->dropped() == 0);
  CHECK_FALSE(reader.read(*ring, priority, text));
  CHECK_FALSE(ring->write(6, "x"));
  CHECK(reader.read(*ring, priority, text));
}

TEST_CASE("a reader that sleeps between processes is never left asleep") {
  Shared<LogRing> ring;
  LogReader reader;
  const Bell bell;
  constexpr std::uint64_t kRecords = 30'000;
  const pid_t writer = children::start([&] {
    Random random(7);
    for (std::uint64_t number = 0; number < kRecords;) {
      const std::uint64_t dropped = ring->dropped();
      if (ring->write(6, std::to_string(number))) bell.ring();
      if (ring->dropped() == dropped) {
        ++number;
      } else {
        ::sched_yield();  // the ring is full: try the same record again
      }
      if (random.below(16) == 0) ::sched_yield();
    }
    return true;
  });
  std::uint64_t next = 0;
  int priority = 0;
  std::string text;
  while (next < kRecords) {
    if (!reader.read(*ring, priority, text)) {
      ring->sleep();
      if (!reader.read(*ring, priority, text)) {
        REQUIRE(bell.wait());
        continue;
      }
      ring->awake();
    }
    REQUIRE(text == std::to_string(next));
    ++next;
  }
  CHECK(children::succeeded(writer));
}

TEST_CASE("a writer killed anywhere leaves whole records only") {
  Shared<LogRing> ring;
  LogReader reader;
  Random random(3);
  int priority = 0;
  std::string text;
  for (unsigned kill = 0; kill < 40 * children::kRounds; ++kill) {
    ring->reset();
    reader = {};
    const pid_t writer = children::start([&]() -> bool {
      for (std::uint64_t number = 0;; ++number) ring->write(6, text_of(number));
    });
    std::uint64_t read = 0;
    std::uint64_t last = 0;
    const std::uint64_t enough = 1 + random.below(500);
    const auto check = [&] {
      std::uint64_t number = 0;
      REQUIRE(parse(text, number));
      REQUIRE((read == 0 || number > last));
      last = number;
      ++read;
    };
    while (read < enough) {
      if (reader.read(*ring, priority, text)) {
        check();
      } else {
        ::sched_yield();
      }
    }
    ::kill(writer, SIGKILL);
    REQUIRE(children::killed(children::wait_for(writer)));
    while (reader.read(*ring, priority, text)) check();
    // Missing numbers are records that were dropped and, at the end, the one that the kill cut
    // short.
    REQUIRE(last + 1 <= read + ring->dropped());
  }
}

TEST_CASE("an inconsistent ring is emptied") {
  Shared<LogRing> ring;
  LogReader reader;
  int priority = 0;
  std::string text;
  // The reader must cope with any bytes that a writer leaves.
  auto* bytes = static_cast<unsigned char*>(static_cast<void*>(&*ring));
  Random random(11);
  for (unsigned round = 0; round < 500; ++round) {
    ring->reset();
    reader = {};
    for (unsigned i = 0; i < 20; ++i) ring->write(6, text_of(i));
    // The positions, and the headers and texts of the first records.
    for (unsigned i = 0; i < 12; ++i) {
      const std::uint64_t limit = random.below(2) == 0 ? 8 : 2000;
      bytes[random.below(limit)] = static_cast<unsigned char>(random.next());
    }
    for (unsigned reads = 0; reads < 40'000 && reader.read(*ring, priority, text); ++reads) {
      REQUIRE(text.size() <= kMaxLogRecord);
      REQUIRE(priority >= 0);
      REQUIRE(priority <= 7);
    }
  }
  ring->reset();
  reader = {};
  ring->write(6, "sane again");
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(text == "sane again");
}

namespace {

// A ring in which a broken writer has left this write position and this first header.
struct Damaged {
  Damaged(std::uint64_t written, std::uint32_t length, std::uint32_t header_priority = 6) {
    constexpr std::size_t kData = 2 * shm::kCacheLine;  // written_ comes first, data_ last
    auto* const bytes = static_cast<char*>(static_cast<void*>(ring.get()));
    const std::uint32_t header[] = {length, header_priority};
    std::memcpy(bytes, &written, sizeof written);
    std::memcpy(bytes + kData, header, sizeof header);
    std::memset(bytes + kData + sizeof header, 'd', 3 * kMaxLogRecord);
  }
  bool read() { return reader.read(*ring, priority, text); }
  // The reader drops everything, counts one loss, and then reads the next record.
  bool is_refused() {
    if (read() || reader.damages() != 1 || read() || reader.damages() != 1) return false;
    ring->write(5, "sane");
    return read() && text == "sane" && priority == 5 && !read();
  }

  std::unique_ptr<LogRing> ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = -1;
  std::string text;
};

}  // namespace

TEST_CASE("a header may name kMaxLogRecord bytes, and no more than were written") {
  Damaged longest(8 + kMaxLogRecord, kMaxLogRecord);
  REQUIRE(longest.read());
  CHECK(longest.text == std::string(kMaxLogRecord, 'd'));
  CHECK(longest.priority == 6);
  CHECK_FALSE(longest.read());
  CHECK(longest.reader.damages() == 0);
  CHECK(Damaged(2 * kMaxLogRecord, kMaxLogRecord + 1).is_refused());
  CHECK(Damaged(2 * kMaxLogRecord, 0xffffffff).is_refused());
  CHECK(Damaged(8 + 8, 9).is_refused());  // 9 bytes take 16
  Damaged whole(8 + 8, 8);
  REQUIRE(whole.read());
  CHECK(whole.text == "dddddddd");
}

TEST_CASE("the written bytes are at least one header and at most one ring") {
  for (const std::uint64_t written : {1, 4, 7}) CHECK(Damaged(written, 0).is_refused());
  Damaged empty(8, 0);
  REQUIRE(empty.read());
  CHECK(empty.text.empty());
  Damaged full(kLogRingBytes, 3);
  REQUIRE(full.read());
  CHECK(full.text == "ddd");
  CHECK(Damaged(kLogRingBytes + 8, 3).is_refused());
  CHECK(Damaged(~std::uint64_t{0}, 3).is_refused());
}

TEST_CASE("writer and reader keep the lowest three bits of a priority") {
  Damaged ring(16, 3, 0xfffffffd);
  REQUIRE(ring.read());
  CHECK(ring.priority == 5);
  ring.ring->write(8 + 3, "x");
  REQUIRE(ring.read());
  CHECK(ring.priority == 3);
}

TEST_CASE("a reader that looked reads no further, however much is written meanwhile") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = 0;
  std::string text;
  ring->write(6, "a");
  ring->write(6, "b");
  reader.look(*ring);
  for (const char* expected : {"a", "b"}) {
    REQUIRE(reader.next(*ring, priority, text));
    CHECK(text == expected);
    ring->write(6, "later");
  }
  CHECK_FALSE(reader.next(*ring, priority, text));
  REQUIRE(reader.read(*ring, priority, text));
  CHECK(text == "later");
}

TEST_CASE("a writer that sets the position back gets at most a ring read again") {
  auto ring = std::make_unique<LogRing>();
  LogReader reader;
  int priority = 0;
  std::string text;
  ring->write(6, "one");
  ring->write(6, "two");
  reader.look(*ring);
  while (reader.next(*ring, priority, text)) {
  }
  std::memset(static_cast<void*>(ring.get()), 0, sizeof(std::uint64_t));  // written_
  reader.look(*ring);
  CHECK_FALSE(reader.next(*ring, priority, text));
  CHECK(reader.damages() == 1);
}
