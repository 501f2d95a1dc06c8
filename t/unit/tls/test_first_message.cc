// Where a ClientHello ends, in one record or in many, and what is none.
#include "worker/tls/first_message.h"

#include <doctest/doctest.h>

#include <string>

using worker::tls::first_message_size;

namespace {

std::string record(const std::string& content, char type = 22) {
  std::string out{type, 3, 1, static_cast<char>(content.size() >> 8),
                  static_cast<char>(content.size() & 0xff)};
  return out + content;
}

std::string message(std::size_t length) {
  return std::string{1, static_cast<char>(length >> 16), static_cast<char>(length >> 8 & 0xff),
                     static_cast<char>(length & 0xff)} +
         std::string(length, 'x');
}

// Every part of `bytes` asks for more, and whole it asks for nothing.
void check_needs_all(const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const std::size_t wanted = first_message_size(bytes.substr(0, size));
    CHECK(wanted > size);
    CHECK(wanted <= bytes.size());
  }
  CHECK(first_message_size(bytes) <= bytes.size());
}

}  // namespace

TEST_CASE("first_message: a hello in one record") {
  check_needs_all(record(message(0)));
  check_needs_all(record(message(1)));
  check_needs_all(record(message(300)));
}

TEST_CASE("first_message: a hello in several records, even with its header cut") {
  const std::string whole = message(20);
  check_needs_all(record(whole.substr(0, 1)) + record(whole.substr(1, 2)) +
                  record(whole.substr(3)));
  check_needs_all(record(whole.substr(0, 4)) + record(whole.substr(4)));
  std::string single;
  for (const char byte : whole) single += record(std::string(1, byte));
  check_needs_all(single);
}

TEST_CASE("first_message: what follows the hello is not asked for") {
  const std::string hello = record(message(30));
  CHECK(first_message_size(hello + record("ccs", 20)) == hello.size());
  CHECK(first_message_size(record(message(30) + message(1000).substr(0, 9))) <= 5 + 34 + 9);
}

TEST_CASE("first_message: a handshake that begins with another message is none") {
  const std::string other = record("\x02garbage");
  CHECK(first_message_size(other.substr(0, 5)) == other.size());
  CHECK(first_message_size(other.substr(0, 6)) <= 6);
}

TEST_CASE("first_message: a hello in the format of SSLv2") {
  check_needs_all(std::string{static_cast<char>(0x80), 5, 1, 3, 3} + "ab");
  CHECK(first_message_size(std::string{static_cast<char>(0x81), 5, 1, 3, 3}) == 2 + 0x105);
}

TEST_CASE("first_message: what is no hello is handed over with its first five bytes") {
  for (const std::string& bytes :
       {std::string("GET / HTTP"), std::string(9, '\0'), std::string("\x16\x02\x01\x00\x10rest"),
        std::string("\x16\x03\x01\x00\x00rest", 9), std::string("\x16\x03\x01\x40\x01rest")}) {
    CAPTURE(bytes);
    CHECK(first_message_size(bytes) == 5);
    CHECK(first_message_size(bytes.substr(0, 4)) == 5);
  }
  // Also where a later record is none.
  CHECK(first_message_size(record("\x01") + "HTTP/1.1 and more") == 6 + 5);
}
