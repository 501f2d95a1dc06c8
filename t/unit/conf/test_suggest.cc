// Tests of conf/suggest: which name is near enough to be meant.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "conf/suggest.h"

namespace {

constexpr std::array<std::string_view, 5> kNames{"Address", "Port", "TimeOut", "Threads",
                                                 "Certificates"};

}  // namespace

TEST_CASE("suggest: dropped, added, changed and swapped letters") {
  CHECK(conf::nearest("Adress", kNames) == "Address");
  CHECK(conf::nearest("Addresss", kNames) == "Address");
  CHECK(conf::nearest("Pert", kNames) == "Port");
  CHECK(conf::nearest("Prot", kNames) == "Port");
  CHECK(conf::nearest("TIMEOUTS", kNames) == "TimeOut");
  CHECK(conf::nearest("port", kNames) == "Port");
}

TEST_CASE("suggest: the tolerance grows with the length") {
  CHECK(conf::nearest("Pxrx", kNames).empty());
  CHECK(conf::nearest("Txrxads", kNames) == "Threads");
  CHECK(conf::nearest("Txrxxds", kNames).empty());
  CHECK(conf::nearest("Certifixxxes", kNames) == "Certificates");
  CHECK(conf::nearest("Certifxxxxes", kNames).empty());
}

TEST_CASE("suggest: the beginning of a name") {
  CHECK(conf::nearest("cert", kNames) == "Certificates");
  CHECK(conf::nearest("Ce", kNames).empty());
}

TEST_CASE("suggest: words with nothing in common are not near") {
  const std::array<std::string_view, 3> names{"a", "bb", ""};
  CHECK(conf::nearest("x", names).empty());
  CHECK(conf::nearest("", names).empty());
  CHECK(conf::nearest("b", names) == "");
}

TEST_CASE("suggest: the nearest wins, then the first") {
  const std::array<std::string_view, 3> names{"backend1", "backend2", "backends"};
  CHECK(conf::nearest("backend3", names) == "backend1");
  CHECK(conf::nearest("backendz", names) == "backend1");
  CHECK(conf::nearest("backend2", names) == "backend2");
}

TEST_CASE("suggest: names of more than 64 bytes are ignored") {
  const std::string longest(64, 'a');
  const std::string longer(65, 'a');
  const std::array<std::string_view, 2> names{longest, longer};
  CHECK(conf::nearest(std::string(63, 'a') + "b", names) == longest);
  CHECK(conf::nearest(longer, names).empty());
}

TEST_CASE("suggest: only the first 10000 names are compared") {
  std::vector<std::string_view> names(10'000, "zzzzzz");
  names.push_back("abcdef");
  CHECK(conf::nearest("abcdeg", names).empty());
  names[9'999] = "abcdef";
  CHECK(conf::nearest("abcdeg", names) == "abcdef");
}

TEST_CASE("suggest: the sentence") {
  CHECK(conf::did_you_mean("Prot", kNames) == "; did you mean `Port`?");
  CHECK(conf::did_you_mean("Prot", kNames, "*") == "; did you mean `*Port`?");
  CHECK(conf::did_you_mean("Colour", kNames) == "");
}
