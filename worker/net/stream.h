// A byte stream over a connected socket: one interface for plain TCP and for TLS.
//
// Owns the socket and the TLS session. Never blocks; knows nothing of HTTP, events or time. Errors
// are results, never exceptions or signals (the process ignores SIGPIPE).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "shm/listener_counters.h"
#include "worker/net/unique_fd.h"
#include "worker/tls/io_result.h"
#include "worker/tls/session.h"

namespace worker::net {

inline constexpr int kProbeAfterS = 60;
inline constexpr int kProbeEveryS = 15;
inline constexpr int kProbes = 4;

class Stream {
 public:
  Stream() = default;
  explicit Stream(UniqueFd socket) : socket_(std::move(socket)) {}

  tls::IoResult read(char* buffer, std::size_t size);
  // As read() before secure(), but leaves the bytes in the socket.
  tls::IoResult peek(char* buffer, std::size_t size) const;
  // Returns how many bytes the socket or TLS has accepted. `is_last`: the caller closes or shuts
  // down the stream once all bytes are accepted, so the last of them may wait and share a packet
  // with the end of stream.
  tls::IoResult write(const iovec* pieces, int count, bool is_last = false);

  // Lets the system probe a silent peer (SO_KEEPALIVE): after kProbeAfterS seconds, and give the
  // connection up when kProbes of them, kProbeEveryS seconds apart, had no answer.
  void probe_peer();
  void shutdown_write();    // sends our end of stream; reading remains possible
  void abort();             // makes close() send a reset instead of an orderly end
  bool has_failed() const;  // the peer has reset the connection; consumes no byte
  // Bytes, the end of stream or a failure wait to be read from the socket; consumes no byte.
  bool has_input() const;
  int pending_error() const;  // SO_ERROR: the errno of a failed connect, 0 for none
  // Bytes that write() has accepted and that the peer has not acknowledged.
  std::size_t unsent() const;
  int fd() const { return socket_.get(); }
  void close();

  // From now on counts what is read and written in `bytes`, which outlives the stream and its
  // moves.
  void count_in(shm::ByteCells& bytes) { counted_ = &bytes; }

  // Starts TLS on this socket, on the group's side. The group outlives the stream.
  void secure(tls::SessionGroup& group);
  // Null for a plain stream.
  tls::Session* tls() { return tls_.get(); }
  const tls::Session* tls() const { return tls_.get(); }
  // Returns to plain bytes on the socket, after a failed handshake.
  void drop_tls() { tls_.reset(); }

 private:
  tls::IoResult send(const iovec* pieces, int count, bool is_last);

  std::unique_ptr<tls::Session> tls_;
  shm::ByteCells* counted_ = nullptr;
  UniqueFd socket_;  // the last one, so that Endpoint can use the padding behind it
};

}  // namespace worker::net
