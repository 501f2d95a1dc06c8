// A child's end in words.
#pragma once

#include <string>

namespace master {

// Exit statuses of a worker that ends before worker::run has begun.
inline constexpr int kStatusBroken = 70;        // an exception nobody was meant to throw
inline constexpr int kStatusNoPrivileges = 77;  // User, Group or RootJail could not be had

// "exited with status 1", "was killed by signal 11 (Segmentation fault)"; `status` is wait(2)'s.
std::string describe_exit(int status);

}  // namespace master
