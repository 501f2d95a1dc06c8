// What the master reads from shared memory, after a worker has written anything anywhere it can.
//
// The input is a list of writes: where (4 bytes, modulo the size of what the worker may write), how
// many bytes (1 byte), the bytes. Then the master does all that it does: reads log records, prints
// a status report, and sets things right when the worker has died.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "master/log_sink.h"
#include "shm/segment.h"
#include "shm/snapshot.h"
#include "shm/status_text.h"
#include "t/fuzz/frame.h"

namespace {

constexpr std::uint64_t kNowMs = 1'000'000;
constexpr shm::Row kRow = 0;
constexpr std::uint64_t kLongestUs = 10'000'000;

void begin(shm::Segment& segment) {
  segment.workers().take(0, 1);
  segment.backends().enroll(1, 8, kNowMs);
  segment.listeners().enroll(1, 8);
  segment.services().enroll({1, 2});
  segment.limits().enroll(1);
  segment.rates().set_longest(kLongestUs);
  segment.log_ring(kRow).write(6, "a record");
  for (std::uint64_t i = 0; i < 20; ++i) segment.sessions().remember({i, i}, 1, 300, kNowMs);
}

void write_all(shm::Segment& segment, std::string_view input) {
  const auto parts = segment.writable(kRow);
  for (bool is_row = true; input.size() > 5; is_row = !is_row) {
    std::uint32_t place = 0;
    std::memcpy(&place, input.data(), sizeof place);
    const std::size_t size =
        std::min<std::size_t>(static_cast<unsigned char>(input[4]), input.size() - 5);
    const std::span<std::byte> part = parts[is_row ? 0 : 1];
    const std::size_t at = place % (part.size() - size);
    std::memcpy(part.data() + at, input.data() + 5, size);
    input.remove_prefix(5 + size);
  }
}

void read_records(shm::Segment& segment) {
  shm::LogReader reader;
  int priority = 0;
  std::string text;
  std::size_t records = 0;
  reader.look(segment.log_ring(kRow));
  while (reader.next(segment.log_ring(kRow), priority, text)) {
    ++records;
    fuzz::require(priority >= 0 && priority <= 7, "a priority is one of eight");
    fuzz::require(text.size() <= shm::kMaxLogRecord, "no text is too long");
    std::string line;
    master::append_line_text(line, text);
    for (const char byte : line) fuzz::require(byte >= 0x20 || byte < 0, "no control bytes");
  }
  fuzz::require(records <= shm::kLogRingBytes / 8, "a ring has an end");
}

void repair(shm::Segment& segment) {
  segment.release_row(kRow);
  segment.mend_common(kNowMs);
  shm::RateTable& rates = segment.rates();
  rates.mend(0, rates.buckets(), kNowMs * 1000);
  fuzz::require(rates.mend(0, rates.buckets(), kNowMs * 1000) == 0, "all times are possible");
  for (std::uint32_t shard = 0; shard < shm::kSessionShards; ++shard) {
    fuzz::require(segment.sessions().inspect(shard, kNowMs, true) != shm::ShardState::busy,
                  "no lock is waited for");
  }
  const shm::SessionAudit found = segment.sessions().audit();
  fuzz::require(found.misplaced == 0 && found.duplicates == 0, "the sessions are sound");
  fuzz::require(found.stored == found.counted, "the sessions are counted");
  fuzz::require(segment.intact(), "the master's part is intact");
  fuzz::require(segment.backends().gate(0).in_service(shm::kMaxRows) == 0, "no slot is lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  shm::Segment segment(shm::SegmentSize{.max_sessions = 1, .max_limits = 1024});
  begin(segment);
  write_all(segment, fuzz::text(data, size));
  read_records(segment);
  const shm::Snapshot snapshot = shm::take_snapshot(segment, kNowMs);
  const std::vector<std::string> lines =
      shm::status_lines(shm::status_objects({"0", 1, 1, 0}, snapshot, {}));
  fuzz::require(lines.size() > 1, "there is a status");
  for (const std::string& line : lines) {
    for (const char c : line) fuzz::require(c >= 0x20 && c < 0x7f, "a status is printable");
  }
  repair(segment);
  return 0;
}
