// Which responses of a service are compressed, and how: Compress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conf/diagnostic.h"

namespace conf {

enum class Coding : std::uint8_t { zstd, br, gzip };

struct Compress {
  struct Offer {
    Coding coding;
    int level;  // Level: zstd 1..12, br 0..9, gzip 1..9
  };
  std::vector<Offer> offers;       // in the order of preference
  std::vector<std::string> types;  // Types: media types, or "text/*"; lower case
  std::uint64_t least = 1024;      // Least: bytes of a response that is compressed, if known
  Position where;
};

}  // namespace conf
