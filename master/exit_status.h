// Describes in words how a child process ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace master {

// Exit statuses of a worker that ends outside worker::run.
inline constexpr int kStatusBroken = 70;        // an exception that nothing caught
inline constexpr int kStatusNoPrivileges = 77;  // User, Group or RootJail could not be applied

// Whether the kernel ended the process at a system call that its sandbox refuses. All functions
// take the status of wait(2).
bool was_refused_a_call(int status);

// "exited with status 1", "was killed by signal 11 (Segmentation fault)", "was ended by a refused
// system call: openat (257)". The process itself has noted `refused_call`, so it may be any number.
std::string describe_exit(int status, std::optional<std::uint32_t> refused_call = std::nullopt);

// The end of a process that did not mean to end: any signal, or a status other than 0.
bool is_violent(int status);
// Of those, the ends by which a process gives itself away that an attacker has taken over, or
// nearly: a fault, an abort, a refused system call.
bool is_crash(int status);

}  // namespace master
