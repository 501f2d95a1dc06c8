// Keys for the benchmarks of tables, and the memory that the tables take.
#pragma once

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

#include "shm/session_table.h"

// splitmix64: as uniform as a keyed hash, and too cheap to affect the figures.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Computed on demand: an array of keys would compete with the table for the caches.
constexpr shm::SessionKey key_of(std::uint64_t number) {
  return {mix(2 * number), mix(2 * number + 1)};
}

// Resident shared memory of this process, in MiB.
inline double shared_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "RssShmem:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  throw std::runtime_error("no RssShmem in /proc/self/status");
}
