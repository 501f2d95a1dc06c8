// pound-convert: reads a configuration of Pound 2.x and writes one of Pound, with a report. The
// same program as the daemon, under another name.
//
// Opens the configuration, the files that it includes, and those that it writes; no others.
#pragma once

namespace master::convert {

// Whether the program was called by this name.
bool is_called(const char* program);

// Returns the exit status: 0 a configuration that Pound loads, 1 none, 2 a wrong command line.
int main(int argc, char** argv);

}  // namespace master::convert
