// What separates a process that handles bytes from the network from the rest of the system, beside
// the privileges that it drops: no terminal, no file, no child, no trace by others.
//
// Both functions are called once, in the child. A build with sanitizers keeps standard error, files
// and processes, because a sanitizer reports its findings with them.
#pragma once

#include <string>

namespace master {

// Takes the process out of the session of its terminal, if there is one, and makes its standard
// streams /dev/null. Throws StartError when that cannot be opened. To be called before the process
// enters its jail.
void leave_terminal();

// The process can never again fork, write to a file or dump core, and no process of its user can
// trace it. Returns what failed, with the system's reason, or an empty text.
std::string forbid_files_and_processes();

}  // namespace master
