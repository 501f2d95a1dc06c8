// Which clients something happened to most often: a short list that each worker keeps, and their
// sum.
//
// There are two: those that exceed limits (limit_table.h), and those that ask most (segment.h).
//
// Space-Saving (Metwally, Agrawal and El Abbadi, 2005): a row has 32 entries. A client that is not
// among them takes the place of the one with the smallest count, and begins with that count, which
// its entry remembers as its error. So a count is never too small, and too large by the error at
// most; a client with more than a 32nd of all counts of a row is in its list. The counts are those
// since the start of Pound, as a row's next process counts on.
//
// The row's process writes, the master reads. An entry has a version that is odd while it changes;
// the master leaves such an entry out. It believes no length and no text: see merged().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"
#include "shm/row_bound.h"

namespace shm {

// Of those that ask most, one request of so many is counted.
inline constexpr std::uint64_t kRequestsPerSample = 16;

struct TopClient {
  std::string client;  // printable ASCII without spaces, at most kMaxClientText bytes
  std::uint64_t count = 0;
  std::uint64_t error = 0;  // how much of it may belong to others
  bool operator==(const TopClient&) const = default;
};

class TopClients {
 public:
  static constexpr std::uint32_t kEntries = 32;
  static constexpr std::size_t kMaxClientText = 48;  // an IPv6 network needs 43
  struct Entry {
    std::atomic<std::uint64_t> version{0};
    std::atomic<std::uint64_t> count{0};  // 0 = free
    std::atomic<std::uint64_t> error{0};
    std::atomic<std::uint64_t> text[kMaxClientText / 8]{};  // zero bytes behind it
  };
  struct RowPart {
    Entry entries[kEntries]{};
  };
  using CommonPart = RowBound;
  TopClients(PerRow<RowPart> rows, CommonPart& bound) : rows_(rows), bound_(bound) {}

  // `client` is cut to kMaxClientText.
  void count(Row row, std::string_view client);
  // The clients with the largest counts of all rows together, largest first; at most `most`. Bytes
  // that cannot be part of an address appear as `?`.
  std::vector<TopClient> merged(std::size_t most) const;

 private:
  PerRow<RowPart> rows_;
  CommonPart& bound_;
};

static_assert(kFitForSegment<TopClients::RowPart>);

}  // namespace shm
