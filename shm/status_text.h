// The text of the status dump: a snapshot as lines of key=value pairs.
//
// "status: object=KIND key=value key=value …", separated by single spaces. Every key of a kind is
// always there, in the same order; "-" stands for a value that does not exist or an event that has
// not happened. The one exception is a listener's refused_REASON, which appears only when it is not
// 0. A value never contains a space: spaces, `=`, `"`, `\` and bytes that are not printable ASCII
// appear as \xNN. Keys name their units: _s, _ms. Ages count back from the moment of the snapshot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot.h"

namespace shm {

// Names by row, which the segment does not know. A row without a name appears as "#ROW".
struct RowNames {
  struct Backend {
    std::string name;
    std::string address;
  };
  struct Limit {
    std::string owner;       // the name of its listener or service
    std::size_t number = 0;  // among those of its owner, from 1
    std::string key;
    std::string mode;
  };
  std::vector<std::string> listeners;
  std::vector<std::string> services;
  std::vector<Backend> backends;
  std::vector<Limit> limits;
  std::vector<std::string_view> reasons;  // codes of refusals, by number
};

struct ProcessStatus {
  std::string_view version;
  int pid = 0;
  Generation generation = 0;
  std::uint64_t started_ms = 0;
};

// The process, then its workers, listeners, services, backends, limits, the clients that exceed
// limits most, the session table, and what became of passwords if any was checked.
std::vector<std::string> status_lines(const ProcessStatus& process, const Snapshot& snapshot,
                                      const RowNames& names);
// The last line of a dump: the number of lines before it, and how many of them were not written.
std::string status_end_line(std::size_t lines, std::size_t omitted);

std::string name_of(const std::vector<std::string>& names, std::uint32_t row);

}  // namespace shm
