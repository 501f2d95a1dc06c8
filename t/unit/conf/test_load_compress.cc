// Tests of conf/load_compress: what the key means (what it refuses: data/config/compress_wrong).
#include "conf/load_compress.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using conf::Coding;
using conf::Compress;

std::optional<Compress> load(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0).compress;
}

// "br4 gzip5"
std::string offers(const std::string& value) {
  const std::optional<Compress> compress = load("    Compress: " + value + "\n");
  REQUIRE(compress);
  std::string text;
  for (const Compress::Offer& offer : compress->offers) {
    constexpr const char* kNames[] = {"zstd", "br", "gzip"};
    if (!text.empty()) text += " ";
    text += kNames[static_cast<std::size_t>(offer.coding)] + std::to_string(offer.level);
  }
  return text;
}

}  // namespace

TEST_CASE("load_compress: responses pass as they are by default") {
  CHECK_FALSE(load(""));
  CHECK_FALSE(load("    Compress:\n"));
}

TEST_CASE("load_compress: codings in the order of the file, with their usual levels") {
  CHECK(offers("gzip") == "gzip5");
  CHECK(offers("[br, GZIP]") == "br4 gzip5");
  CHECK(offers("[gzip, zstd, br]") == "gzip5 zstd3 br4");
  CHECK(offers("{Codings: [br, gzip]}") == "br4 gzip5");
  CHECK(offers("{Codings: br}") == "br4");
  CHECK(offers("[{Codings: br}]") == "br4");
  CHECK(offers("{}") == "zstd3 br4 gzip5");
  CHECK(offers("[]") == "zstd3 br4 gzip5");
}

TEST_CASE("load_compress: levels") {
  CHECK(offers("{Level: 9}") == "zstd9 br9 gzip9");
  CHECK(offers("{Codings: [gzip, br], Level: 1}") == "gzip1 br1");
  CHECK(offers("{Codings: br, Level: 0}") == "br0");
  CHECK(offers("{Codings: zstd, Level: 12}") == "zstd12");
  CHECK(offers("{Level: {gzip: 6, BR: 2}}") == "zstd3 br2 gzip6");
}

TEST_CASE("load_compress: types and the least length") {
  const Compress usual = *load("    Compress: gzip\n");
  CHECK(usual.least == 1024);
  CHECK(usual.types.size() == 18);
  CHECK(usual.types.front() == "text/html");
  const Compress own =
      *load("    Compress: {Types: [TEXT/*, application/vnd.a+json], Least: 64K}\n");
  CHECK(own.types == std::vector<std::string>{"text/*", "application/vnd.a+json"});
  CHECK(own.least == 65536);
  CHECK(load("    Compress: {Types: text/html, Least: 0}\n")->least == 0);
}
