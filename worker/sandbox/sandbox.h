// Confines a worker to the system calls that it needs, by a filter in the kernel (seccomp).
//
// The first other call ends the process with SIGSYS; it is never carried out. A signal handler
// first notes the number of the call. Evil code can prevent the note, or forge it, but neither the
// end nor the signal. Nothing can remove the filter.
//
// A build with sanitizers has no filter, because sanitizers open files and start threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace worker::sandbox {

#ifdef POUND_SANITIZE
inline constexpr bool kIsBuiltIn = false;
#else
inline constexpr bool kIsBuiltIn = true;
#endif

// Empty if this kernel and this container offer a filter, else the system's reason.
std::string why_unavailable();

enum class Process {
  worker,
  worker_with_paths,  // a backend has a Unix socket
  helper,
};

// From now on the calls in allowed.h are all that the process can make. Called once, by a process
// with a single thread. `refused` outlives the process; it gets 1 + the number of the refused call.
// Does nothing if no filter is available; throws std::system_error if one is and cannot be set.
void enter(std::atomic<std::uint32_t>& refused, Process process = Process::worker);

// "openat (257)"; the number alone if this library does not know the call.
std::string call_text(std::uint32_t number);

}  // namespace worker::sandbox
