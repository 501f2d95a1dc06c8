// One end of a connection that a worker serves: the stream, its registration with the event loop,
// and what is known of the socket's readiness.
//
// Owns the stream and the registrations. Serves connections to clients and to backends alike. The
// owner's callback gets every event and calls take_event() first. Events are edge-triggered: each
// tells of a change once, so readable() remembers it until a read has found the socket empty.
#pragma once

#include <cstddef>
#include <memory>

#include "worker/net/event.h"
#include "worker/net/stream.h"

namespace worker::net {

class Endpoint {
 public:
  Endpoint() = default;
  explicit Endpoint(UniqueFd socket) : stream_(std::move(socket)) {}

  // Takes a connected or connecting socket in the place of none.
  void adopt(UniqueFd socket) { stream_ = Stream(std::move(socket)); }
  // Begins to report events. False when the loop does not take the socket.
  bool watch(EventLoop& loop, FdEvent::Callback callback, void* owner);
  // Notes what an event says and sends what TLS has to send of its own. Returns what is left for
  // the owner to act on: kReadable, kWritable, or 0 for nothing.
  short take_event(short what);

  // As Stream::read.
  tls::IoResult read(char* buffer, std::size_t size);
  bool readable() const { return readable_; }
  // The peer has sent its end of stream; there may be bytes before it.
  bool peer_closed() const { return peer_closed_; }
  // After a read that did not fill its buffer: the socket is empty, and an event tells of its next
  // bytes. Only an end of stream that was told already still has to be read.
  void mark_drained() { readable_ = peer_closed_; }
  // Whatever the events said, the next read is worth a try.
  void mark_readable() { readable_ = true; }
  // Calls the owner back with kReadable in the next turn, for an owner that has more to read than
  // is fair in one turn.
  void reschedule() { event_.raise_again(); }

  // Asks for a kWritable event, or for none any more. False when the loop does not take it.
  bool want_write(bool wanted);
  bool wants_write() const { return wants_write_; }

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  // Ends the registrations and closes the stream.
  void close();

 private:
  bool tls_has_output() const { return stream_.tls() != nullptr && stream_.tls()->must_flush(); }
  bool flush_tls();
  bool watch_writable();

  Stream stream_;
  FdEvent event_;
  // Most connections never wait for room, so the second registration is made when needed.
  std::unique_ptr<FdEvent> write_event_;
  bool readable_ = false;
  bool peer_closed_ = false;
  bool wants_write_ = false;  // of the owner
};

}  // namespace worker::net
