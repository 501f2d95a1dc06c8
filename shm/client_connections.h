// How many connections each client has open, over all workers: for the limit `Connections`.
//
// A client and a limit together are one key: a hash that no client can predict. Each row has a
// table of counts, in buckets of 8, which only its own process writes. The number of a client's
// connections is the sum over the rows that are in use. When a process has died, the master marks
// its row as unused, and the row's next process clears it before it counts. So nothing is lost when
// a process is killed, nothing that it wrote stays, and rows that never count take no memory. A
// client whose bucket is full is not counted there, so its limit becomes less strict, never
// stricter. Several workers that accept connections of one client at the same time let exactly as
// many in as the limit allows. No call of a worker blocks.
//
// An entry is 40 bits of the key and 24 bits of count; a count of 0 is a free entry.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"

namespace shm {

class ClientConnections {
 public:
  static constexpr std::uint32_t kBuckets = 16384;
  static constexpr std::uint32_t kPerBucket = 8;
  struct RowPart {
    std::atomic<std::uint8_t> is_used{0};
    alignas(kCacheLine) std::atomic<std::uint64_t> cells[kBuckets][kPerBucket]{};
  };
  explicit ClientConnections(PerRow<RowPart> rows) : rows_(rows) {}

  enum class Entry : std::uint8_t {
    counted,
    not_counted,  // the bucket is full: the connection may stay, and is not to be removed
    over,         // the client has `most` connections already
  };
  // One more connection of the client in `row`, the caller's own. `rows`: how many are in use.
  Entry try_enter(SessionKey key, Row row, Row rows, std::uint32_t most);
  // Likewise, however many there are. False when it was not counted.
  bool enter(SessionKey key, Row row);
  void leave(SessionKey key, Row row);
  std::uint64_t count(SessionKey key, Row rows) const;

  // By the master, after the process of `row` died.
  void release_row(Row row) { rows_[row].is_used.store(0); }

 private:
  void begin(Row row);
  std::atomic<std::uint64_t>* find(SessionKey key, Row row) const;

  PerRow<RowPart> rows_;
};

static_assert(kFitForSegment<ClientConnections::RowPart>);

}  // namespace shm
