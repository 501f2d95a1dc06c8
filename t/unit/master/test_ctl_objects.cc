#include <doctest/doctest.h>

#include <string>

#include "master/ctl/failure.h"
#include "master/ctl/objects.h"

using master::ctl::Object;
using master::ctl::Objects;
using master::ctl::parse_objects;

TEST_CASE("ctl objects: kinds and fields of an answer") {
  const Objects objects = parse_objects(
      "object=process pid=7 segment=intact\n"
      "object=backend name=a\\x20b p50_ms=1.5 reason=- requests=12\n"
      "object=backend name=c\n");
  REQUIRE(objects.size() == 3);
  CHECK(objects[0].kind() == "process");
  CHECK(objects[0].number("pid") == 7);
  const Object& backend = objects[1];
  CHECK(backend.text("name") == "a\\x20b");
  CHECK(backend.text("p50_ms") == "1.5");
  CHECK(backend.number("p50_ms") == 0);
  CHECK(backend.number("requests") == 12);
  CHECK(backend.has("name"));
  CHECK_FALSE(backend.has("reason"));
  CHECK_FALSE(backend.has("none"));
  CHECK(backend.text("none") == "-");
  CHECK(backend.number("none") == 0);
  CHECK(backend.fields().size() == 4);
  CHECK(of_kind(objects, "backend").size() == 2);
  CHECK(first_of(objects, "backend").text("name") == "a\\x20b");
  CHECK(first_of(objects, "worker").kind().empty());
}

TEST_CASE("ctl objects: what is no answer") {
  using master::ctl::Failure;
  CHECK(parse_objects("").empty());
  for (const char* answer : {"object=a x=1", "object=a x\n", "object=a x=\n", "x=1\n", "\n",
                             "object=a  x=1\n", "object=a =1\n", "hello\n"}) {
    CAPTURE(answer);
    CHECK_THROWS_AS(parse_objects(answer), Failure);
  }
}
