// A server's side of TLS over one socket: see session.h.
#include "worker/tls/session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "worker/tls/certificate.h"
#include "worker/tls/context.h"

namespace worker::tls {

namespace {

// How many bytes of records are gathered before they are sent: several full records for one system
// call, and no more than stays in the processor's cache.
constexpr std::size_t kBatch = 4 * kRecordSize;

// A peer that makes us answer and does not read the answers is given up.
constexpr std::size_t kMostWaiting = 512 * 1024;

// So is one that sends this much without a byte for the application: more than any handshake.
constexpr std::size_t kMostFruitless = 256 * 1024;

}  // namespace

// The callbacks of OpenSSL's transport.
struct Session::Transport {
  static Session& of(BIO* bio) { return *static_cast<Session*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, std::size_t size, std::size_t* moved) {
    Session& session = of(bio);
    BIO_clear_retry_flags(bio);
    if (session.socket_empty_) {
      BIO_set_retry_read(bio);
      return 0;
    }
    ssize_t n;
    do {
      n = ::recv(session.socket_, data, size, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
      if (!session.heard_) session.look_at_first({data, static_cast<std::size_t>(n)});
      session.socket_empty_ = static_cast<std::size_t>(n) < size;
      *moved = static_cast<std::size_t>(n);
      session.fruitless_ += *moved;
      if (session.fruitless_ <= kMostFruitless) return 1;
      session.error_ = EPROTO;
      return 0;
    }
    if (n == 0) {
      session.end_seen_ = true;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      BIO_set_retry_read(bio);
    } else {
      session.error_ = errno;
    }
    return 0;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    of(bio).context_.scratch().output.append(data, size);
    *moved = size;
    return 1;
  }

  static long control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_EOF:
        return of(bio).end_seen_ ? 1 : 0;
      default:
        return 0;
    }
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
};

void SharedTransport::Delete::operator()(BIO* bio) const { BIO_free(bio); }
void SharedTransport::Delete::operator()(BIO_METHOD* method) const { BIO_meth_free(method); }

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

void Session::Delete::operator()(SSL* session) const { SSL_free(session); }

// Walks over the bytes of a write, and cuts them into records.
class Session::Pieces {
 public:
  Pieces(const iovec* pieces, int count) : piece_(pieces), end_(pieces + count) { settle(); }

  bool done() const { return piece_ == end_; }
  void skip(std::size_t size) {
    at_ += size;
    settle();
  }
  // The next record's bytes: where they are when they are in one piece, else put together.
  std::string_view record(char* room) {
    const char* const base = static_cast<const char*>(piece_->iov_base) + at_;
    const std::size_t here = piece_->iov_len - at_;
    if (here >= kRecordSize || piece_ + 1 == end_) {
      const std::size_t size = std::min(here, kRecordSize);
      skip(size);
      return {base, size};
    }
    std::size_t size = 0;
    while (!done() && size < kRecordSize) {
      const std::size_t part = std::min(piece_->iov_len - at_, kRecordSize - size);
      std::memcpy(room + size, static_cast<const char*>(piece_->iov_base) + at_, part);
      size += part;
      skip(part);
    }
    return {room, size};
  }

 private:
  void settle() {
    while (piece_ != end_ && at_ == piece_->iov_len) {
      ++piece_;
      at_ = 0;
    }
  }

  const iovec* piece_;
  const iovec* end_;
  std::size_t at_ = 0;
};

std::unique_ptr<Session> Session::make(Context& context, int socket) {
  std::unique_ptr<Session> made(new Session(context, socket));
  made->ssl_.reset(context.new_session());
  BIO* const bio = context.transport();
  if (!made->ssl_ || BIO_up_ref(bio) != 1) return nullptr;
  SSL_set_bio(made->ssl_.get(), bio, bio);  // takes one reference for both
  SSL_set_accept_state(made->ssl_.get());
  return made;
}

Session::~Session() { ERR_clear_error(); }

// A record of TLS begins with its kind, which is no letter; a request with a method of three
// letters or more.
void Session::look_at_first(std::string_view bytes) {
  constexpr std::size_t kLetters = 3;
  heard_ = true;
  bytes = bytes.substr(0, kLetters);
  plain_http_ =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Before every call that may read or write: the transport is for this session now. It saves each
// client a transport of its own (0.985 of the memory of an idle one).
SSL* Session::enter() {
  BIO_set_data(context_.transport(), this);
  ERR_clear_error();
  return ssl_.get();
}

IoResult Session::handshake() {
  const int result = SSL_do_handshake(enter());
  if (result == 1) {
    established_ = true;
    forget_exchange();
    return {IoStatus::ok};
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) {
    if (!flush()) return {IoStatus::failed, 0, error_};
    return {IoStatus::would_block, 0, 0, socket_empty_};
  }
  if (end_seen_) {
    if (heard_) failure_ = "closed by the client";
  } else if (error_ != 0) {
    if (heard_) failure_ = std::strerror(error_);
  } else {
    failure_ = plain_http_ ? "plain HTTP request" : error_text();
  }
  if (plain_http_) context_.scratch().output.clear();  // no alert: there is nobody to read it
  return fail();
}

// The keys that the secrets were agreed on with: OpenSSL would keep both halves as long as the
// connection lasts. Without them nobody can find the secrets of this connection from what it sent,
// and an idle client needs less memory: 0.97 of it with X25519, 0.78 with P-256.
void Session::forget_exchange() {
  EVP_PKEY* key = nullptr;
  const auto forget = [&key] {
    EVP_PKEY_set_type(key, EVP_PKEY_get_id(key));  // clears it, even if it fails
    EVP_PKEY_free(key);
  };
  if (SSL_get_tmp_key(ssl_.get(), &key) == 1) forget();
  if (SSL_get_peer_tmp_key(ssl_.get(), &key) == 1) forget();
  ERR_clear_error();
}

// What is in the scratch is an alert that says why.
IoResult Session::fail() {
  if (error_ == 0) error_ = end_seen_ ? ECONNRESET : EPROTO;
  flush();
  failed_ = true;
  ERR_clear_error();
  return {IoStatus::failed, 0, error_};
}

IoResult Session::read(char* buffer, std::size_t size) {
  if (failed_) return {IoStatus::failed, 0, error_};
  socket_empty_ = false;
  const bool was_established = established_;
  if (!established_) {
    const IoResult result = handshake();
    if (result.status != IoStatus::ok) return result;
  }
  IoResult result{IoStatus::ok};
  while (result.size < size) {
    // The last read has emptied the socket, and what it brought was used up.
    if (result.size != 0 && socket_empty_ && SSL_has_pending(ssl_.get()) == 0) {
      result.drained = true;
      break;
    }
    std::size_t part = 0;
    const int done = SSL_read_ex(enter(), buffer + result.size, size - result.size, &part);
    if (done == 1) {
      result.size += part;
      fruitless_ = 0;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ) {
      result.drained = socket_empty_ || result.size != 0;
      if (result.size == 0) result.status = IoStatus::would_block;
    } else if (result.size != 0) {
      // What came before it counts; the next read meets it again.
    } else if (error == SSL_ERROR_ZERO_RETURN) {
      result.status = IoStatus::closed;
    } else {
      return fail();
    }
    break;
  }
  if (!was_established && result.status == IoStatus::ok &&
      SSL_version(ssl_.get()) == TLS1_3_VERSION) {
    postpone();
  } else if (!flush()) {
    return {IoStatus::failed, 0, error_};
  }
  return result;
}

// The first request came together with the end of the handshake: the tickets go out with its
// answer, in one packet. Of TLS 1.3 alone: before it a client has to wait for our last flight.
void Session::postpone() {
  std::string& output = context_.scratch().output;
  waiting_.append(output);
  output.clear();
  postponed_ = !waiting_.empty();
}

IoResult Session::write(const iovec* pieces, int count, bool is_last) {
  if (postponed_) {
    postponed_ = false;
    context_.scratch().output = waiting_;
    std::string().swap(waiting_);
  }
  if (failed_ || (!waiting_.empty() && !flush())) {
    return {IoStatus::failed, 0, error_ != 0 ? error_ : EPROTO};
  }
  if (!waiting_.empty()) return {IoStatus::would_block};
  Scratch& scratch = context_.scratch();
  Pieces rest(pieces, count);
  std::size_t taken = 0;
  if (promised_ && !rest.done()) {
    rest.skip(1);
    taken = 1;
    promised_ = false;
  }
  while (!rest.done() && waiting_.empty()) {
    const std::string_view record = rest.record(scratch.gathered.get());
    std::size_t part = 0;
    const int done = SSL_write_ex(enter(), record.data(), record.size(), &part);
    if (done != 1) return fail();
    taken += part;
    const bool ends = is_last && rest.done();
    if (ends) seal_end();
    if ((scratch.output.size() >= kBatch || rest.done()) && !flush(ends)) {
      return {IoStatus::failed, 0, error_};
    }
  }
  if (!waiting_.empty()) {
    // The last byte is confessed to when all that is sealed is gone: until then the writer keeps
    // coming, so nothing else needs to watch the socket for us.
    promised_ = true;
    --taken;
  }
  if (taken == 0) return {IoStatus::would_block};
  return {IoStatus::ok, taken};
}

bool Session::flush(bool is_last) {
  postponed_ = false;
  std::string& output = context_.scratch().output;
  if (!waiting_.empty()) {
    waiting_ += output;
    output.clear();
  }
  std::string& from = waiting_.empty() ? output : waiting_;
  if (from.empty()) return true;
  ssize_t n;
  do {
    n = ::send(socket_, from.data(), from.size(), MSG_NOSIGNAL | (is_last ? MSG_MORE : 0));
  } while (n < 0 && errno == EINTR);
  const bool is_full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if ((n < 0 && !is_full) || from.size() > kMostWaiting) {
    failed_ = true;
    if (error_ == 0) error_ = n < 0 && !is_full ? errno : ENOBUFS;
    output.clear();
    std::string().swap(waiting_);
    return false;
  }
  const std::size_t sent = is_full ? 0 : static_cast<std::size_t>(n);
  if (sent == from.size()) {
    output.clear();
    if (waiting_.capacity() != 0) std::string().swap(waiting_);
  } else if (&from == &output) {
    waiting_.assign(output, sent);
    output.clear();
  } else {
    waiting_.erase(0, sent);
  }
  return true;
}

void Session::close_notify() {
  if (postponed_ && !flush()) return;
  if (!established_ || failed_ || !waiting_.empty()) return;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  seal_end();
  flush(true);
}

void Session::seal_end() {
  SSL_shutdown(enter());
  ERR_clear_error();
}

}  // namespace worker::tls
