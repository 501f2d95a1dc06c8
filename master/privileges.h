// How a worker gives up what it does not need, and proves that it is gone.
//
// Called once, in the child, single-threaded. Opens nothing after the jail is shut. Also raises
// the limit on open files, in the master.
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

// Jail, groups, group, user, no new privileges; then the proof. Returns what failed, with the
// system's reason, or an empty text. After a failure the process must end.
std::string drop_privileges(const Identity& identity);

// Raises the soft limit on open files to the hard one; returns what holds then.
std::uint64_t raise_file_limit();

}  // namespace master
