// Pages and answers of Pound's own that the operator supplies: ErrNNN, Maintenance and Respond.
//
// Files are named here, and read once at the start (worker/serve/load_pages).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "conf/diagnostic.h"

namespace conf {

inline constexpr std::int64_t kMostPageBytes = 256 * 1024;
inline constexpr std::int64_t kLeastRespondCode = 200;
inline constexpr std::int64_t kMostRespondCode = 599;

struct PageFile {
  std::string path;
  Position where;
};

using ErrorPageFiles = std::map<int, PageFile>;  // ErrNNN by status, 400..599

// Maintenance: what a disabled service answers with its 503. `Maintenance: FILE` is only the page.
struct Maintenance {
  PageFile page;                          // Page: an HTML file
  std::chrono::seconds retry_after{300};  // RetryAfter: 1..86400 s
};

// Respond: a fixed answer in place of backends. `Respond: 204` is only the code.
struct Respond {
  int code = 200;                   // Code: 200..599
  std::optional<std::string> body;  // Body: the text; or
  std::optional<PageFile> file;     // File: its contents, at most kMostPageBytes
  // Type: of the content. Default: text/plain; charset=utf-8 of Body, or by the name of File. Empty
  // without content
  std::string type;
  Position where;

  // An error without content of its own has the page of its status.
  bool has_error_page() const { return code >= 400 && !body && !file; }
};

}  // namespace conf
