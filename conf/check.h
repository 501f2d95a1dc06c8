// Check and Eject of a backend as plain data: a part of conf/config.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/pattern.h"

namespace conf {

// How Pound finds out whether a backend works. `Check: tcp` is all defaults: a connect, and TLS
// where the backend has TLS.
struct Check {
  enum class Method { get, head, options };
  struct Statuses {
    int low = 0;
    int high = 0;
  };
  std::string path;             // Path: what is requested; empty: nothing, a connect is enough
  Method method = Method::get;  // Method: GET, HEAD or OPTIONS
  std::string host;             // Host: the field; default: from TLS's Name or the Address
  std::uint16_t port = 0;       // Port: 1..65535; 0 = that of the backend
  std::vector<Statuses> expect{{200, 399}};  // Expect: 200..599
  std::optional<Pattern> body;     // Body: found in the first 64 KiB of the response's body
  std::chrono::seconds every{5};   // Every: 1..3600 s between two checks
  std::chrono::seconds within{2};  // Within: 1..3600 s for a whole check, at most `every`
  unsigned rise = 2;               // Rise: 1..100 successes in a row make a dead backend live
  unsigned fall = 3;               // Fall: 1..100 failures in a row make a live backend dead
};
inline constexpr std::int64_t kMostCheckResults = 100;

// When the responses of a backend take it out of use for a while.
struct Eject {
  unsigned errors = 5;               // Errors: 1..100
  std::chrono::seconds in{10};       // In: 1..3600 s
  std::chrono::seconds lasting{30};  // For: 1..3600 s
};
inline constexpr std::int64_t kMostEjectErrors = 100;

}  // namespace conf
