// What the kernel says about a process, in words, for the log.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace master {

// "state T (stopped), waiting in do_signal_stop"; as much of it as can be read.
std::string process_state_text(pid_t pid);

// From the text of /proc/PID/stat and of /proc/PID/wchan.
std::string process_state_text(std::string_view stat, std::string_view wchan);

}  // namespace master
