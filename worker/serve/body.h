// A response that Pound makes itself, part by part, while the client takes it.
//
// Made for one response; owns all that it is made of. next() is called when the client has taken
// the parts before, at most a few times in a turn of the loop, so a slow client costs nothing but
// `memory()`. A new kind of document is a class here and a row in document.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace worker::serve {

// About how long a part is, so that a turn of the loop stays short: a part ends with the object
// that makes it this long.
inline constexpr std::size_t kPartSize = 32 * 1024;

class Body {
 public:
  virtual ~Body() = default;
  // Does a bounded piece of the work that comes before the first part. False: all is done.
  virtual bool prepare() = 0;
  // Appends the next part, at least one byte. False: it was the last one.
  virtual bool next(std::string& part) = 0;
  // Ready "Name: value\r\n" lines beside those of kCommonFields: Content-Type, and a
  // Content-Security-Policy.
  virtual std::string_view fields() const = 0;
  // About how many bytes it keeps until it is whole.
  virtual std::size_t memory() const = 0;
};

// Of every document: nobody keeps it, and no browser takes it for something else.
inline constexpr std::string_view kCommonFields =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n";
}  // namespace worker::serve
