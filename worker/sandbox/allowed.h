// The system calls that a worker may make while it serves: one table, from which the filter is
// made.
//
// A worker opens nothing, starts nothing, signals nobody and changes no descriptor that others
// share. So everything that does such things is absent, and arguments are restricted where a call
// could do both. Calls that only some processors or kernels have are listed for those.
#pragma once

#include <seccomp.h>
#include <sys/types.h>

#include <vector>

namespace worker::sandbox {

// A call is allowed when all conditions on its arguments hold.
struct Rule {
  int call;
  std::vector<scmp_arg_cmp> conditions;
};

// `self` is the process that the filter is for: it may send SIGABRT to itself, for abort(3).
// `connects_to_paths`: a backend has a Unix socket.
std::vector<Rule> allowed_calls(pid_t self, bool connects_to_paths);

// The same for the process that checks passwords: it reads and writes the sockets that it has.
std::vector<Rule> helper_calls(pid_t self);

}  // namespace worker::sandbox
