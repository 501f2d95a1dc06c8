// What reading from or writing to a stream has brought.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace worker::tls {

enum class IoStatus : std::uint8_t {
  ok,           // `size` bytes moved, at least one
  would_block,  // nothing now; the loop will tell
  closed,       // reading: the peer's orderly end of stream
  failed,       // `error` is an errno; the stream is of no more use
};

struct IoResult {
  IoStatus status;
  std::size_t size = 0;
  int error = 0;
  // Reading: the socket gave less than it was asked for and nothing is left inside, so what comes
  // next is an event, unless the peer's end of stream has been told already.
  bool drained = false;
};

}  // namespace worker::tls
