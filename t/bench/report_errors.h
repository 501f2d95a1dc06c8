// The main function of a benchmark program.
#pragma once

#include <cstdio>
#include <exception>

// Calls `measure`; returns the exit status. An exception is told with the program's name.
template <class Measure>
int report_errors(const char* program, Measure measure) {
  try {
    measure();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}
