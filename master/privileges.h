// Drops the privileges that a worker does not need, and checks that they cannot come back.
//
// Called once, in the child, which has a single thread. Opens no file after it has entered the
// jail. Also raises the limit on open files, in the master.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace master {

struct Identity {
  std::optional<std::string> root_jail;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
};

// In this order: jail, supplementary groups, group, user, no new privileges, check. Returns what
// failed, with the system's reason, or an empty text. After a failure the process must end.
std::string drop_privileges(const Identity& identity);

// Raises the soft limit on open files to the hard limit; returns the limit that is then in force.
std::uint64_t raise_file_limit();

}  // namespace master
