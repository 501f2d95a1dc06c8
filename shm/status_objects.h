// The state of the daemon as objects with named fields, made from a snapshot.
//
// The status dump in the log (status_text.h) and JSON (status_json.h) are two ways to write the
// same objects. Every field of a kind is always there, in the same order; one without a value
// stands for a value that does not exist or an event that has not happened. The one exception is a
// listener's refused_REASON, which appears only when it is not 0. Keys name their units: _s, _ms.
// Ages count back from the moment of the snapshot. Texts are as they are in the configuration or
// from clients: whoever writes them escapes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot.h"

namespace shm {

inline constexpr std::size_t kMostCertificates = 10;  // of one listener

// Names by row, which the segment does not know. A row without a name appears as "#ROW".
struct RowNames {
  struct Backend {
    std::string name;
    std::string address;
    unsigned weight = 0;  // 0: unknown
  };
  struct Limit {
    std::string owner;       // the name of its listener or service
    std::size_t number = 0;  // among those of its owner, from 1
    std::string key;
    std::string mode;
  };
  struct Certificate {
    std::string_view owner;  // "listener"; "backend" or "store" if Pound shows it to one
    std::string of;          // the name of its owner
    std::string name;        // the first one that it is valid for; may be empty
    std::string file;
    std::int64_t not_after_s = 0;  // since 1970
  };
  std::vector<std::string> listeners;
  std::vector<std::string> services;
  std::vector<Backend> backends;
  std::vector<Limit> limits;
  // Of each listener those that expire first, at most kMostCertificates; then those for backends
  // and the store.
  std::vector<Certificate> certificates;
  std::vector<std::string_view> reasons;  // codes of refusals, by number
  std::string store;  // the addresses of the session store with commas between; empty: no store
};

struct ProcessStatus {
  std::string_view version;
  int pid = 0;
  Generation generation = 0;
  std::uint64_t started_ms = 0;
};

struct StatusField {
  enum class Kind : std::uint8_t { none, number, text };
  std::string key;
  Kind kind = Kind::none;
  // A number: digits, with a point and a decimal where the unit is _ms; expires_in_s may have a
  // "-".
  std::string value;
};

struct StatusObject {
  std::string_view kind;  // process, worker, listener, …
  std::vector<StatusField> fields;
};

// The process, then its workers, listeners, services, backends, limits, certificates, the clients
// that exceed limits most, those that ask most, the session table, the session store if there is
// one, and what became of passwords if any was checked.
std::vector<StatusObject> status_objects(const ProcessStatus& process, const Snapshot& snapshot,
                                         const RowNames& names);

// The same one by one, for a caller that cannot make all at once. `index` is below object_count().
std::size_t object_count(const Snapshot& snapshot, const RowNames& names);
StatusObject status_object(const ProcessStatus& process, const Snapshot& snapshot,
                           const RowNames& names, std::size_t index);

std::string name_of(const std::vector<std::string>& names, std::uint32_t row);

}  // namespace shm
