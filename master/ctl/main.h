// poundctl: shows and steers a running daemon. The same program as the daemon, under another name.
//
// Needs no privileges but the right to write to the control socket. Changes nothing itself: all
// that it knows comes from the socket, and from the configuration file only the path of that.
#pragma once

namespace master::ctl {

// Whether the program was called by this name.
bool is_called(const char* program);

// Returns the exit status (failure.h).
int main(int argc, char** argv);

}  // namespace master::ctl
