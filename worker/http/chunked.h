// The chunked coding, RFC 9112 section 7.1: a strict decoder, and the bytes that an encoder needs.
//
// The decoder works in place: it moves the data of many chunks together at the front of the
// caller's buffer, so that one read becomes one span to send on. It checks chunk extensions and
// drops them. It checks trailer fields like any other field, and drops those that a trailer may not
// have (framing, routing, authentication; RFC 9110 6.5.1). It buffers only the trailer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "worker/http/limits.h"
#include "worker/http/relax.h"
#include "worker/http/verdict.h"

namespace worker::http {

// Bytes of all chunk extensions in one body.
inline constexpr std::size_t kMaxChunkExtensions = std::size_t{4} * 1024;
// Bytes of the trailer's lines with their CRLFs.
inline constexpr std::size_t kMaxTrailer = std::size_t{8} * 1024;
// Digits of the size of one chunk, leading zeros included; the value itself has at most 16.
inline constexpr std::size_t kMaxChunkDigits = 32;

class ChunkedDecoder {
 public:
  enum class State { more, done, refused };
  struct Result {
    State state;
    std::size_t consumed;  // bytes of the input that belonged to this body
    std::size_t produced;  // bytes of data, now at the front of the input
  };

  // Refuses a body of more than `most` bytes of data, as soon as it reads the size of the chunk
  // that exceeds them. Where chunk_space is relaxed, white space may follow the size of a chunk.
  explicit ChunkedDecoder(std::uint64_t most = kNoLimit, RuleSet relaxed = {})
      : passes_spaces_(relaxed.contains(Reason::chunk_space)), room_(most) {}

  // Feeds `size` bytes at `bytes`. The body may be split anywhere between calls. After `done` or
  // `refused` the caller makes no further call. Bytes behind `consumed` stay untouched.
  Result decode(char* bytes, std::size_t size);

  const Refusal& refusal() const { return refusal_; }  // the offset is from the body's first byte
  // The refused bytes: from the lines of the chunks or the trailer, never from the data.
  const std::string& excerpt() const { return excerpt_; }
  // After `done`: the allowed trailer fields as "Name: value\r\n" lines, often empty.
  const std::string& trailer() const { return trailer_; }

 private:
  enum class Step : std::uint8_t {
    size_first,  // the first digit of a chunk's size
    size,
    extension,  // behind the size; see Extension
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    refused,
  };
  // Within chunk extensions: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
  enum class Extension : std::uint8_t {
    size_end,  // white space behind the size: ';' may follow
    end,       // white space behind a complete extension: only ';' may follow
    name_first,
    name,
    name_end,  // white space behind a name: '=' or ';'
    value_first,
    value,
    quoted,
    escaped,
    quoted_end,
  };

  void remember(char c) { recent_[framing_bytes_++ % recent_.size()] = c; }
  bool fail(Reason reason, std::uint64_t offset);
  bool take_size(char c);
  bool take_size_end(char c);
  bool take_extension(char c);
  bool take_trailer(char c);
  bool end_trailer_line();
  bool step(char c);

  Step step_ = Step::size_first;
  Extension extension_ = Extension::end;
  bool passes_spaces_;               // behind a size
  std::uint64_t room_;               // bytes of data that further chunks may have
  std::uint64_t size_ = 0;           // of the chunk; within its data: bytes that are left
  std::size_t digits_ = 0;           // of the size
  std::size_t extension_bytes_ = 0;  // bytes in the body so far
  std::uint64_t offset_ = 0;         // of the current byte, from the body's first
  std::string line_;                 // the current line of the trailer so far
  std::size_t trailer_bytes_ = 0;
  std::array<char, 32> recent_{};    // the last bytes that are not data, in a ring
  std::uint64_t framing_bytes_ = 0;  // all bytes so far that are not data
  Refusal refusal_;
  std::string excerpt_;
  std::string trailer_;
};

// Room for the hexadecimal size of one chunk and its CRLF.
inline constexpr std::size_t kMaxChunkHeader = 18;
// Writes "HEX\r\n" for a chunk of `size` bytes into `out`; returns the length.
std::size_t write_chunk_header(std::uint64_t size, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";
// The last chunk is "0\r\n", then the trailer, then "\r\n".
inline constexpr std::string_view kLastChunk = "0\r\n";

// A part of a body on its way out, and how HTTP/1 frames it.
struct BodySpan {
  bool in_chunks = false;  // else its bytes are sent as they are
  std::string_view data;
  bool is_last = false;
  std::string_view trailer = {};  // of the last part in chunks: "Name: value\r\n" lines
};

// Adds the span with its framing to `pieces`, by at most six calls of pieces.add(string_view).
// `room` has kMaxChunkHeader bytes, and lives as long as the pieces are used.
template <class Pieces>
void frame_body(const BodySpan& span, char* room, Pieces& pieces) {
  if (!span.in_chunks) return pieces.add(span.data);
  if (!span.data.empty()) {
    pieces.add({room, write_chunk_header(span.data.size(), room)});
    pieces.add(span.data);
    pieces.add(kChunkEnd);
  }
  if (!span.is_last) return;
  pieces.add(kLastChunk);
  pieces.add(span.trailer);
  pieces.add(kChunkEnd);
}

}  // namespace worker::http
