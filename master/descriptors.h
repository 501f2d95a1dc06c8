// Which descriptors a process has open. All functions work from a list of what stays open, so that
// no descriptor is forgotten.
#pragma once

#include <set>

namespace master {

// Closes every descriptor that is not in `kept`. Ignores negative numbers in `kept`.
void close_all_but(const std::set<int>& kept);

// For the start of the program: afterwards 0, 1 and 2 are open, on /dev/null if they were closed,
// and of the others only those in `kept`. A daemon thus keeps nothing open of the shell or script
// that started it.
void tidy_descriptors(std::set<int> kept = {});

// Turns 0 to `last` to /dev/null; the default is all three standard streams. Throws StartError when
// that cannot be opened: with the old streams still open, a program that reads the command's output
// would never see its end.
void detach_standard_streams(int last = 2);

}  // namespace master
