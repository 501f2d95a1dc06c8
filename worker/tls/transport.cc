// The transport that OpenSSL sees in place of a socket: see session.h.
//
// Reads from the session that is being called, its first message and then its socket, and writes to
// the scratch of its group.
#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <new>

#include "worker/tls/session.h"

namespace worker::tls {

namespace {

// A peer that sends more bytes than this without one for the application is given up. No handshake
// needs as many.
constexpr std::size_t kMaxBytesWithoutData = 256 * 1024;

}  // namespace

struct Session::Transport {
  static Session& of(BIO* bio) { return *static_cast<Session*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, std::size_t size, std::size_t* moved) {
    Session& session = of(bio);
    BIO_clear_retry_flags(bio);
    std::string& received = session.received_;
    if (!received.empty()) {
      *moved = received.copy(data, size);
      received.erase(0, *moved);
      if (received.empty()) std::string().swap(received);
      return 1;
    }
    const IoStatus status = session.receive(data, size, *moved);
    if (status == IoStatus::would_block) BIO_set_retry_read(bio);
    return status == IoStatus::ok ? 1 : 0;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    of(bio).group_.scratch().output.append(data, size);
    *moved = size;
    return 1;
  }

  static long control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_EOF:
        return of(bio).input_ == Input::ended ? 1 : 0;
      default:
        return 0;
    }
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
};

// Reads up to `size` bytes from the socket, unless it is known to be empty. Notes how the socket
// was found, and the errno of a failure.
IoStatus Session::receive(char* data, std::size_t size, std::size_t& moved) {
  if (input_ == Input::empty) return IoStatus::would_block;
  ssize_t n;
  do {
    n = ::recv(socket_, data, size, 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    moved = static_cast<std::size_t>(n);
    return take_received({data, moved}, size) ? IoStatus::ok : IoStatus::failed;
  }
  if (n == 0) {
    input_ = Input::ended;
    return IoStatus::failed;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return IoStatus::would_block;
  error_ = errno;
  return IoStatus::failed;
}

// Notes what recv() brought when it was asked for `wanted` bytes. False when the peer is given up.
bool Session::take_received(std::string_view bytes, std::size_t wanted) {
  if (state_ == State::silent) judge_first_bytes(bytes);
  input_ = bytes.size() < wanted ? Input::empty : Input::open;
  bytes_without_data_ += bytes.size();
  if (bytes_without_data_ <= kMaxBytesWithoutData) return true;
  error_ = EPROTO;
  return false;
}

void SharedTransport::Delete::operator()(BIO* doomed) const { BIO_free(doomed); }
void SharedTransport::Delete::operator()(BIO_METHOD* doomed) const { BIO_meth_free(doomed); }

SharedTransport Session::make_transport() {
  SharedTransport made;
  made.method.reset(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket of a worker"));
  BIO_METHOD* const method = made.method.get();
  if (method == nullptr) throw std::bad_alloc();
  BIO_meth_set_read_ex(method, Transport::read);
  BIO_meth_set_write_ex(method, Transport::write);
  BIO_meth_set_ctrl(method, Transport::control);
  BIO_meth_set_create(method, Transport::create);
  made.bio.reset(BIO_new(method));
  if (!made.bio) throw std::bad_alloc();
  return made;
}

}  // namespace worker::tls
