// One end of a connection: its stream, its registration with the event loop, and its readiness.
//
// Used for connections to clients and for connections to backends. Owns the stream and the
// registrations. The event loop calls the owner's callback for every event, and the callback passes
// the event to take_event() first. Events are edge-triggered: the loop reports each change once, so
// readable() remembers it until a read has found the socket empty.
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
  explicit Endpoint(Stream stream) : stream_(std::move(stream)) {}

  // Takes a connected or connecting socket; there was none before.
  void adopt(UniqueFd socket) { stream_ = Stream(std::move(socket)); }
  // Registers the socket with the loop. False when the loop refuses it.
  bool watch(EventLoop& loop, FdEvent::Callback callback, void* owner);
  // Records the event and sends pending output of TLS. Returns what the owner still has to handle:
  // kReadable, kWritable, both, or 0 for nothing.
  short take_event(short what);

  // Goes on with TLS's handshake: `ok` once it is completed. For the side that speaks first.
  tls::IoResult shake_hands();
  // As Stream::read.
  tls::IoResult read(char* buffer, std::size_t size);
  bool readable() const { return readable_; }
  // The peer has sent its end of stream; unread bytes may precede it.
  bool peer_closed() const { return peer_closed_; }
  // Call this after a read that did not fill its buffer. The socket is then empty, and an event
  // announces its next bytes. Only an end of stream that an event has announced already is left to
  // read.
  void mark_drained() { readable_ = peer_closed_; }
  // Makes the owner try the next read, whether or not an event has announced bytes.
  void mark_readable() { readable_ = true; }
  // Calls the owner's callback with kReadable in the next turn of the loop. For an owner that would
  // take more than its fair share of one turn.
  void reschedule() { event_.reschedule(); }

  // Starts or stops waiting for a kWritable event. False when the loop refuses the registration.
  bool want_write(bool wanted);
  bool wants_write() const { return wants_write_; }

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  // Ends the registrations and gives the stream away.
  Stream release();
  // Ends the registrations and closes the stream.
  void close();

 private:
  bool tls_has_output() const { return stream_.tls() != nullptr && stream_.tls()->must_flush(); }
  bool flush_tls();
  template <class Read>
  tls::IoResult read_on(Read read);
  bool watch_writable();

  // Followed by the flags, which then cost an idle client nothing.
  [[no_unique_address]] Stream stream_;
  bool readable_ = false;
  bool peer_closed_ = false;
  bool wants_write_ = false;  // the owner, not TLS, waits for kWritable
  FdEvent event_;
  // Most connections never wait for room in the socket, so this is made when it is first needed.
  std::unique_ptr<FdEvent> write_event_;
};

}  // namespace worker::net
