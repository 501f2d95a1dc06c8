// The text of the status dump: a snapshot in lines of key=value pairs.
//
// "status: object=KIND key=value key=value …", single spaces between. Every key of a kind is always
// there, in this order; "-" stands for what does not exist or has not happened. The one exception
// is a listener's refused_REASON, which is there only when it is not 0. A value never holds a
// space: bytes that could end it (and `=`, `"`, `\`, and all that is not printable ASCII) are shown
// as \xNN. Keys tell their units: _s, _ms. Ages count back from the moment of the snapshot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot.h"

namespace shm {

// What the segment does not know: names by row. A row without a name is shown as "#ROW".
struct RowNames {
  struct Backend {
    std::string name;
    std::string address;
  };
  std::vector<std::string> listeners;
  std::vector<std::string> services;
  std::vector<Backend> backends;
  std::vector<std::string_view> reasons;  // of refusals, by number
};

struct ProcessStatus {
  std::string_view version;
  int pid = 0;
  Generation generation = 0;
  std::uint64_t started_ms = 0;
};

// The process, then its workers, listeners, services, backends, and the session table.
std::vector<std::string> status_lines(const ProcessStatus& process, const Snapshot& snapshot,
                                      const RowNames& names);
// The line that ends a dump: how many there were before it, and how many of them could not be told.
std::string status_end_line(std::size_t lines, std::size_t omitted);

std::string name_of(const std::vector<std::string>& names, std::uint32_t row);

}  // namespace shm
