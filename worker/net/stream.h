// One byte stream over a connected socket, plain or TLS: the same face for both.
//
// Owns the socket and the session of TLS. Non-blocking; knows nothing of HTTP, events or time.
// Errors are results, never exceptions or signals (the process ignores SIGPIPE).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "worker/net/unique_fd.h"
#include "worker/tls/io_result.h"
#include "worker/tls/session.h"

namespace worker::tls {
class Context;
}

namespace worker::net {

class Stream {
 public:
  Stream() = default;
  explicit Stream(UniqueFd socket) : socket_(std::move(socket)) {}

  tls::IoResult read(char* buffer, std::size_t size);
  // `is_last`: the caller closes or shuts down as soon as all of it is taken, so what is left of it
  // may wait for the end of stream and share its packet.
  tls::IoResult write(const iovec* pieces, int count, bool is_last = false);

  void shutdown_write();      // our end of stream; reading goes on
  void abort();               // the coming close sends a reset instead of an orderly end
  bool has_failed() const;    // the peer has reset the connection; looks without reading
  int pending_error() const;  // SO_ERROR: how a connect in progress ended; 0 = well
  // Bytes that were taken from us and that the peer does not have yet.
  std::size_t unsent() const;
  int fd() const { return socket_.get(); }
  void close();

  // From now on a server's side of TLS. False when there is no memory for it.
  bool secure(tls::Context& context);
  // Null for a plain stream.
  tls::Session* tls() { return tls_.get(); }
  const tls::Session* tls() const { return tls_.get(); }
  // Goes on with the bare socket, after a handshake has failed.
  void drop_tls() { tls_.reset(); }

 private:
  UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
};

}  // namespace worker::net
