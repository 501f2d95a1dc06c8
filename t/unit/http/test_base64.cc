#include "worker/http/base64.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

TEST_CASE("base64: the examples of RFC 4648 10, both ways") {
  const char* const kExamples[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                      {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                      {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  CHECK(worker::http::encode_base64(std::string_view()).empty());
  for (const auto& [plain, encoded] : kExamples) {
    CHECK(worker::http::encode_base64(std::string_view(plain)) == encoded);
    std::string decoded;
    CHECK(worker::http::decode_base64(encoded, [&](char c) { decoded += c; }));
    CHECK(decoded == plain);
  }
}

TEST_CASE("base64: all bytes come back") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  std::string decoded;
  CHECK(
      worker::http::decode_base64(worker::http::encode_base64(all), [&](char c) { decoded += c; }));
  CHECK(decoded == all);
}
