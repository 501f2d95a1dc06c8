// Pages and answers of Pound's own that the operator supplies: ErrNNN, Maintenance and Respond.
//
// Files are named here, and read once at the start (worker/prepare).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "conf/diagnostic.h"

namespace conf {

inline constexpr std::int64_t kMostPageBytes = 256 * 1024;

struct PageFile {
  std::string path;
  Position where;
};

using ErrorPageFiles = std::map<int, PageFile>;  // ErrNNN by status, 400..599

// Respond: a fixed answer in place of backends.
struct Respond {
  int code = 200;    // Code: 200..599
  std::string body;  // Body: the text; or
  PageFile file;     // File: its contents, at most kMostPageBytes
  std::string type;  // Type: Content-Type; default text/plain; charset=utf-8, or by the file's name
  Position where;
};

}  // namespace conf
