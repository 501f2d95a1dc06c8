#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "worker/log/line.h"

using worker::log::Line;

TEST_CASE("line: texts and numbers follow each other, and clear() starts anew") {
  Line line;
  line.put("a ");
  line.put(std::uint64_t{0});
  line.put(" ");
  line.put(UINT64_MAX);
  line.put_escaped("\"b\"", 8);
  CHECK(line.text() == "a 0 18446744073709551615\\x22b...");
  line.clear();
  CHECK(line.text().empty());
  line.put("c");
  CHECK(line.text() == "c");
}

TEST_CASE("line: what exceeds the largest record is cut") {
  const std::string almost(shm::kMaxLogRecord - 4, 'a');
  Line line;
  line.put(almost);
  line.put("bcdef");
  CHECK(line.text() == almost + "bcde");
  line.put("g");
  line.put(std::uint64_t{7});
  line.put_escaped("h", 100);
  CHECK(line.text() == almost + "bcde");

  line.clear();
  line.put(almost);
  line.put_escaped("bc", 100);
  CHECK(line.text() == almost + "b...");

  line.clear();
  line.put(almost);
  line.put_escaped("b", 100);
  CHECK(line.text() == almost + "b");
  line.put_escaped("c", 100);
  CHECK(line.text() == almost + "b...");
}
