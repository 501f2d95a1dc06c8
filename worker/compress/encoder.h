// Content codings: bytes in, compressed bytes out.
//
// One Encoder makes one compressed body. What it was fed can wait in it; flush() puts out all of it
// in a form that a client can decode at once. Every call appends to `out`, in any split. A call
// returns false when the library has failed; the body then cannot be completed.
//
// Knows nothing of HTTP. This room is the only one that includes zlib, libzstd and Brotli.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "conf/compress.h"

namespace worker::compress {

class Encoder {
 public:
  Encoder() = default;
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  [[nodiscard]] virtual bool feed(std::string_view data, std::string& out) = 0;
  [[nodiscard]] virtual bool flush(std::string& out) = 0;
  [[nodiscard]] virtual bool finish(std::string& out) = 0;  // the last call
};

// Null when memory is short.
std::unique_ptr<Encoder> make_encoder(const conf::Compress::Offer& offer);

// The most bytes of memory that such an encoder takes, while it is fed at most kPiece bytes between
// two calls of flush().
std::size_t encoder_memory(const conf::Compress::Offer& offer);
inline constexpr std::size_t kPiece = 16 * 1024;

// How many bytes to feed in one turn of an event loop: about a millisecond of work.
std::size_t bytes_per_turn(const conf::Compress::Offer& offer);

// As Content-Encoding names it.
std::string_view coding_name(conf::Coding coding);

}  // namespace worker::compress
