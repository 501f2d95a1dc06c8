// The result of a read from or a write to a stream.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace worker::tls {

enum class IoStatus : std::uint8_t {
  ok,           // `size` bytes moved, at least one
  would_block,  // no bytes moved; an event will tell when to try again
  closed,       // of a read: the peer's orderly end of stream
  failed,       // `error` is an errno; the stream cannot be used any more
};

struct IoResult {
  IoStatus status;
  std::size_t size = 0;
  int error = 0;
  // Of a read: the socket gave less than it was asked for and the stream holds nothing back. More
  // bytes will cause an event. No further event comes for an end of stream that was announced
  // before.
  bool drained = false;
};

}  // namespace worker::tls
