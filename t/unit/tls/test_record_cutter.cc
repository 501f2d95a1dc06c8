#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/tls/record_cutter.h"

using worker::tls::kRecordSize;
using worker::tls::RecordCutter;

namespace {

struct Pieces {
  explicit Pieces(std::vector<std::string> of) : texts(std::move(of)) {
    for (std::string& text : texts) list.push_back({text.data(), text.size()});
  }
  RecordCutter cutter() const { return {list.data(), static_cast<int>(list.size())}; }
  std::vector<std::string> texts;
  std::vector<iovec> list;
};

}  // namespace

TEST_CASE("record cutter: small pieces share a record, empty ones are left out") {
  const Pieces pieces({"", "head", "", "body", ""});
  std::string room(kRecordSize, '\0');
  RecordCutter cutter = pieces.cutter();
  const std::string_view record = cutter.next(room.data());
  CHECK(record == "headbody");
  CHECK(record.data() == room.data());
  CHECK(cutter.done());
  CHECK(Pieces({"", ""}).cutter().done());
  CHECK(Pieces({}).cutter().done());
}

TEST_CASE("record cutter: a piece that fills a record, or is the last one, is not copied") {
  const Pieces pieces({std::string(kRecordSize, 'a'), "end"});
  std::string room(kRecordSize, '\0');
  RecordCutter cutter = pieces.cutter();
  std::string_view record = cutter.next(room.data());
  CHECK(record.data() == pieces.texts[0].data());
  CHECK(record.size() == kRecordSize);
  CHECK(!cutter.done());
  record = cutter.next(room.data());
  CHECK(record.data() == pieces.texts[1].data());
  CHECK(record == "end");
  CHECK(cutter.done());
}

TEST_CASE("record cutter: a record ends at its largest size, within a piece or between two") {
  std::string room(kRecordSize, '\0');
  for (const std::size_t size : {kRecordSize - 2, kRecordSize - 1, kRecordSize}) {
    CAPTURE(size);
    const Pieces pieces({"h", std::string(size, 'b'), "t"});
    RecordCutter cutter = pieces.cutter();
    std::vector<std::string> records;
    while (!cutter.done()) records.emplace_back(cutter.next(room.data()));
    const std::string all = "h" + std::string(size, 'b') + "t";
    REQUIRE(records.size() == (all.size() > kRecordSize ? 2 : 1));
    CHECK((records[0] == all.substr(0, kRecordSize)));
    if (records.size() == 2) CHECK(records[1] == all.substr(kRecordSize));
  }
}

TEST_CASE("record cutter: skipped bytes are in no record") {
  const Pieces pieces({"a", "bcd"});
  std::string room(kRecordSize, '\0');
  RecordCutter cutter = pieces.cutter();
  cutter.skip(1);
  cutter.skip(1);
  CHECK(cutter.next(room.data()) == "cd");
  CHECK(cutter.done());
}
