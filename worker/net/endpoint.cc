// One end of a connection: see endpoint.h.
#include "worker/net/endpoint.h"

namespace worker::net {

bool Endpoint::watch(EventLoop& loop, FdEvent::Callback callback, void* owner) {
  return event_.add_edge(loop, stream_.fd(), kReadable | kPeerClosed, callback, owner);
}

short Endpoint::take_event(short what) {
  short left = 0;
  if ((what & (kReadable | kPeerClosed)) != 0) {
    readable_ = true;
    if ((what & kPeerClosed) != 0) peer_closed_ = true;
    left |= kReadable;
  }
  if ((what & kWritable) == 0) return left;
  if (tls_has_output()) {
    if (flush_tls()) return left;  // TLS still has output
    // TLS may have stopped a read because the socket had no room for output; try the read again.
    readable_ = true;
    left |= kReadable;
  }
  if (wants_write_) {
    left |= kWritable;
  } else {
    write_event_->remove();
  }
  return left;
}

// Returns whether TLS waits for room in the socket again.
bool Endpoint::flush_tls() { return stream_.tls()->flush() && tls_has_output(); }

template <class Read>
tls::IoResult Endpoint::read_on(Read read) {
  tls::IoResult result = read();
  if (stream_.tls() != nullptr) {
    // TLS has read part of a record or of the handshake. An event has announced the end of stream
    // behind it already and will not announce it again, so read on to it.
    while (result.status == tls::IoStatus::would_block && result.drained && peer_closed_) {
      result = read();
    }
    if (tls_has_output()) watch_writable();
  }
  if (result.status != tls::IoStatus::ok) readable_ = false;
  return result;
}

tls::IoResult Endpoint::read(char* buffer, std::size_t size) {
  return read_on([&] { return stream_.read(buffer, size); });
}

tls::IoResult Endpoint::shake_hands() {
  return read_on([&] { return stream_.tls()->shake_hands(); });
}

bool Endpoint::want_write(bool wanted) {
  wants_write_ = wanted;
  if (wanted) return watch_writable();
  if (write_event_ && !tls_has_output()) write_event_->remove();
  return true;
}

bool Endpoint::watch_writable() {
  if (!write_event_) write_event_ = std::make_unique<FdEvent>();
  return write_event_->added() || write_event_->add_edge_like(event_, stream_.fd(), kWritable);
}

Stream Endpoint::release() {
  write_event_.reset();
  event_.remove();
  return std::move(stream_);
}

void Endpoint::close() {
  if (write_event_) write_event_->remove();
  event_.remove();
  stream_.close();
}

}  // namespace worker::net
