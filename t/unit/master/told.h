// What the tests' own resolver (test_name_lookup.cc) answers when it is asked for told.test.
#pragma once

#include <vector>

inline std::vector<unsigned> told;  // the last parts of addresses 127.0.0.N; empty: there is none
