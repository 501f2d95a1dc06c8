// The state of a process in words, for the log, as the kernel reports it in /proc.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace master {

// "state T (stopped), waiting in do_signal_stop". Leaves out what cannot be read.
std::string process_state_text(pid_t pid);

// The same from the contents of /proc/PID/stat and /proc/PID/wchan.
std::string process_state_text(std::string_view stat, std::string_view wchan);

}  // namespace master
