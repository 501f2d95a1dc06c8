#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "shm/log_ring.h"
#include "worker/log/log.h"
#include "worker/net/unique_fd.h"

using worker::log::escaped;

TEST_CASE("log: what could forge a line or a field is shown as \\xNN") {
  CHECK(escaped("plain text, 100%") == "plain text, 100%");
  CHECK(escaped("a\r\nb") == "a\\x0d\\x0ab");
  CHECK(escaped("say \"hi\" \\") == "say \\x22hi\\x22 \\x5c");
  CHECK(escaped(std::string_view("\0\x1b\x7f\xff", 4)) == "\\x00\\x1b\\x7f\\xff");
  CHECK(escaped("").empty());
}

TEST_CASE("log: long foreign text is cut") {
  CHECK(escaped("abcd", 4) == "abcd");
  CHECK(escaped("abcde", 4) == "abcd...");
  CHECK(escaped("\n", 4) == "\\x0a");
  CHECK(escaped("a\n", 4) == "a...");
  CHECK(escaped("\n\n", 7) == "\\x0a...");
}

TEST_CASE("log: the bound is on what is written, and no escape is torn") {
  CHECK(escaped("\n\n", 8) == "\\x0a\\x0a");
  CHECK(escaped("\n\n", 7) == "\\x0a...");
  CHECK(escaped("a\n", 4) == "a...");
  CHECK(escaped("a\n", 5) == "a\\x0a");
  CHECK(escaped("ab", 1) == "a...");
}

TEST_CASE("log: every byte at every place of a text, whatever its length") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    char shown[5] = {c, '\0'};
    const bool plain = byte >= 0x20 && byte <= 0x7e && c != '"' && c != '\\';
    if (!plain) std::snprintf(shown, sizeof shown, "\\x%02x", static_cast<unsigned>(byte));
    for (std::size_t size = 1; size <= 40; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = c;
        std::string expected(size, 'a');
        expected.replace(at, 1, shown);
        REQUIRE(escaped(text) == expected);
      }
    }
  }
}

TEST_CASE("log: escaping ignores the bytes before and behind the text in memory") {
  // The text is longer than two of the 16-byte blocks that the code checks at once.
  const std::string plain(120, 'a');
  const std::string odd(120, '\n');
  for (std::size_t size = 0; size <= 40; ++size) {
    CHECK(escaped(std::string_view(plain).substr(40, size)) == plain.substr(0, size));
    std::string text = odd;
    text.replace(40, size, size, 'a');
    CHECK(escaped(std::string_view(text).substr(40, size)) == plain.substr(0, size));
    for (std::size_t at = 0; at < size; ++at) {
      text = plain;
      text[40 + at] = '"';
      std::string expected(size, 'a');
      expected.replace(at, 1, "\\x22");
      REQUIRE(escaped(std::string_view(text).substr(40, size)) == expected);
    }
  }
}

TEST_CASE(
    "log: a record reaches the ring unchanged, and only the first one wakes a sleeping reader") {
  auto ring = std::make_unique<shm::LogRing>();
  const worker::net::UniqueFd bell(::eventfd(0, EFD_NONBLOCK));
  worker::log::Log log(*ring, bell.get(), 3);
  CHECK(log.detail() == 3);
  std::uint64_t rung = 0;
  log.write(worker::log::Severity::warning, "one");
  CHECK(::read(bell.get(), &rung, sizeof rung) == -1);
  ring->sleep();
  log.write(worker::log::Severity::debug, "two");
  log.write(worker::log::Severity::error, "three");
  CHECK(::read(bell.get(), &rung, sizeof rung) == sizeof rung);
  CHECK(rung == 1);
  int priority = 0;
  std::string text;
  struct Expected {
    int priority;
    const char* text;
  };
  for (const Expected& expected : {Expected{4, "one"}, Expected{7, "two"}, Expected{3, "three"}}) {
    REQUIRE(ring->read(priority, text));
    CHECK(priority == expected.priority);
    CHECK(text == expected.text);
  }
  CHECK_FALSE(ring->read(priority, text));
}
