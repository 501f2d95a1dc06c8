// Evil code in a real worker: attacks that a test orders by a request.
//
// The test preloads this library into the daemon. A worker that reads `GET /evil/NAME/ARGUMENT` on a
// plain connection runs the attack NAME, in the middle of its own work, as code would that has taken
// the worker over. If the worker is still alive afterwards, the attack's words are the answer:
// status 200, then the connection ends.
//
// To add an attack, write a static Attack in any .cc file of this folder; harness/evil.py compiles
// them all:
//
//   static evil::Attack zero_locks("zero_locks", [](const std::string& argument) {
//     for (const evil::Map& map : evil::shared_maps()) …
//     return std::string("done");
//   });
//
// and order it with Evil.attack(pound, "zero_locks", "argument"). An argument has no space and no
// slash. An attack finds its targets without opening a file: in shared_maps(), or in the argument,
// as the test knows pids and descriptors.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace evil {

using Act = std::string (*)(const std::string& argument);

// Registers itself; lives as long as the library.
class Attack {
 public:
  Attack(const char* name, Act act);
};

// A mapping made with MAP_SHARED, by this process or by the one that it was forked from, that has
// not been unmapped since. The newest is last. A mapping put over another one replaces it.
struct Map {
  char* at;
  std::size_t size;
  int protection;  // as mmap(2) got it
  int fd;          // as mmap(2) got it; -1: anonymous
};
const std::vector<Map>& shared_maps();

// Makes a raw system call. Returns "0", the positive result, or "error NUMBER".
std::string call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0);

}  // namespace evil
