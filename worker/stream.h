// One byte stream over a connected socket: the same face for every kind of transport.
//
// Owns the socket. Non-blocking; knows nothing of HTTP, events or time. Errors are results, never
// exceptions or signals (the process ignores SIGPIPE).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "worker/unique_fd.h"

namespace worker {

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
};

class Stream {
 public:
  Stream() = default;
  explicit Stream(UniqueFd socket) : socket_(std::move(socket)) {}

  IoResult read(char* buffer, std::size_t size);
  IoResult write(const iovec* pieces, int count);

  void shutdown_write();      // our end of stream; reading goes on
  void abort();               // the coming close sends a reset instead of an orderly end
  bool has_failed() const;    // the peer has reset the connection; looks without reading
  int pending_error() const;  // SO_ERROR: how a connect in progress ended; 0 = well
  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
};

}  // namespace worker
