// Takes the body of one message out of a byte stream: RFC 9112 sections 6 and 7.
//
// Pure. The caller hands over bytes as they were read; the reader says how many of them belong to
// this body and leaves the body's data, without framing, at the front of the caller's buffer. Any
// split of the stream gives the same data and the same verdict. Holds nothing but the trailer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "worker/http/chunked.h"
#include "worker/http/framing.h"

namespace worker::http {

class BodyReader {
 public:
  enum class State : std::uint8_t {
    more,       // the body goes on
    whole,      // its last byte was taken
    refused,    // its framing is invalid, or it exceeds the limit: see refusal()
    truncated,  // the stream ended before the body did
  };
  struct Taken {
    std::size_t consumed;  // bytes that belong to this body; those behind them do not
    std::size_t produced;  // bytes of data, now at the front of the input
  };

  // Begins a body with framing `in`. A chunked body of more than `most` bytes of data is refused;
  // a length is compared with the limit where the head is judged. `relaxed`: see ChunkedDecoder.
  void start(const Framing& in, std::uint64_t most = kNoLimit, RuleSet relaxed = {});

  // May be called with any split; takes nothing unless the state is `more`.
  Taken take(char* data, std::size_t size);
  // The stream is at its end: that completes a body that ends by close, and truncates others.
  void end_of_stream();

  State state() const { return state_; }
  bool is_whole() const { return state_ == State::whole; }
  const Refusal& refusal() const { return decoder_.refusal(); }
  const std::string& excerpt() const { return decoder_.excerpt(); }
  // The allowed trailer fields of a whole chunked body, as "Name: value\r\n" lines; else empty.
  std::string_view trailer() const;
  std::uint64_t data_bytes() const { return data_bytes_; }  // so far
  // The most bytes of the stream that can still belong to the body.
  std::uint64_t most_left() const;

 private:
  Framing in_;  // `length`: what is left of it
  State state_ = State::whole;
  std::uint64_t data_bytes_ = 0;
  ChunkedDecoder decoder_;
};

}  // namespace worker::http
