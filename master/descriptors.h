// Which descriptors a process has open: by a list of what it may keep, so that nothing is
// forgotten.
#pragma once

#include <set>

namespace master {

// Closes every descriptor that is not in `kept`; numbers below 0 in it mean nothing.
void close_all_but(const std::set<int>& kept);

// At the start of the program: 0, 1 and 2 are open, if only on /dev/null, and nothing else is, so
// that a daemon holds nothing of the shell or script that started it.
void tidy_descriptors();

// Makes 0, 1 and 2 mean /dev/null. Throws StartError: whoever reads what the command says would
// never see its end.
void detach_standard_streams();

}  // namespace master
