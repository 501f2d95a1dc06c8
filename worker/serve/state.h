// What documents are made from: the state of all processes, and the names of its rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/segment.h"
#include "shm/snapshot.h"
#include "shm/status_objects.h"

namespace worker::serve {

// Made once, when the worker starts; outlives every document.
struct State {
  shm::Segment& segment;
  shm::RowNames names;  // of this generation; none if no service has Serve
  int master_pid = 0;
  std::uint64_t started_ms = 0;  // when the master did
  std::int64_t started_s = 0;    // the same, since 1970
  std::string page_fields;       // of page_files.h
};

// The state at one moment, and how to make objects of it.
class Moment {
 public:
  Moment(const State& state, std::uint64_t now_ms);

  // Counts some more sessions. False: all are counted, and the moment is complete.
  bool count_sessions() { return sessions_.step(snapshot_); }

  std::size_t size() const { return shm::object_count(snapshot_, names_); }
  shm::StatusObject object(std::size_t index) const {
    return shm::status_object(process_, snapshot_, names_, index);
  }
  // The objects of one kind, which are neighbours: the index of the first one, and their number.
  struct Range {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  Range range(std::string_view kind) const;
  const shm::Snapshot& snapshot() const { return snapshot_; }
  const shm::ProcessStatus& process() const { return process_; }
  const shm::RowNames& names() const { return names_; }
  std::size_t memory() const;  // about how many bytes it takes

 private:
  const shm::RowNames& names_;
  shm::Snapshot snapshot_;
  shm::SessionCount sessions_;
  shm::ProcessStatus process_;
};

}  // namespace worker::serve
