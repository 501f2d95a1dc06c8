// One side of TLS over one socket: see session.h.
#include "worker/tls/session.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "worker/tls/certificate.h"
#include "worker/tls/first_message.h"
#include "worker/tls/record_cutter.h"

namespace worker::tls {

namespace {

// Bytes of records that are gathered before they are sent: several full records for one system
// call, and no more than stays in the processor's cache.
constexpr std::size_t kBatch = 4 * kRecordSize;

// A peer that makes us answer and does not read the answers is given up at more waiting bytes.
constexpr std::size_t kMaxWaiting = 512 * 1024;

}  // namespace

void Session::Delete::operator()(SSL* session) const { SSL_free(session); }

bool Session::make_ssl() {
  ssl_.reset(group_.new_session());
  BIO* const bio = group_.transport();
  if (!ssl_ || BIO_up_ref(bio) != 1) return false;
  SSL_set_bio(ssl_.get(), bio, bio);  // takes one reference for both
  if (is_client()) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
  return true;
}

Session::~Session() { ERR_clear_error(); }

// A TLS record begins with its content type, which is not a letter. A request begins with a method,
// which has three letters or more.
void Session::judge_first_bytes(std::string_view bytes) {
  constexpr std::size_t kLetters = 3;
  bytes = bytes.substr(0, kLetters);
  const bool is_text =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  state_ = is_text ? State::letters : State::handshaking;
}

// Must come before every call that may read or write: it lends the listener's transport to this
// session. A transport for each session would cost more: sharing takes 0.985 of the memory of an
// idle client.
SSL* Session::enter() {
  BIO_set_data(group_.transport(), this);
  ERR_clear_error();
  return ssl_.get();
}

// Reads until the peer's first message is whole: `ok`. The bytes go through the scratch, so that a
// client which sends the message in one piece costs no more calls than one that OpenSSL reads from.
IoStatus Session::await_first_message() {
  char* const room = group_.scratch().gathered.get();
  std::size_t size = 0;
  do {
    const IoStatus status = receive(room, kRecordSize, size);
    if (status != IoStatus::ok) return status;
    received_.append(room, size);
    if (first_message_size(received_) <= received_.size()) return IoStatus::ok;
    if (received_.size() >= kMaxFirstMessage) {
      error_ = EPROTO;
      failure_ = "the first message is too long";
      return IoStatus::failed;
    }
  } while (input_ != Input::empty);
  return IoStatus::would_block;
}

IoResult Session::handshake() {
  if (!ssl_) {
    const IoStatus status = is_client() ? IoStatus::ok : await_first_message();
    if (status == IoStatus::would_block) return {status, 0, 0, input_ == Input::empty};
    if (status != IoStatus::ok) return handshake_failed();
    if (!make_ssl()) {
      error_ = ENOMEM;
      return handshake_failed();
    }
  }
  const int result = SSL_do_handshake(enter());
  if (result == 1) {
    state_ = State::established;
    forget_exchange();
    return {IoStatus::ok};
  }
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) return handshake_failed();
  if (!flush()) return {IoStatus::failed, 0, error_};
  return {IoStatus::would_block, 0, 0, input_ == Input::empty};
}

// A peer that has sent nothing has no reason to be told, but for a backend, which was asked.
IoResult Session::handshake_failed() {
  const bool is_text = state_ == State::letters;
  if (is_client() || state_ != State::silent) note_failure();
  if (is_text) group_.scratch().output.clear();  // the peer could not read an alert
  return fail();
}

void Session::note_failure() {
  if (input_ == Input::ended) {
    failure_ = is_client() ? "closed by the backend" : "closed by the client";
  } else if (error_ != 0) {
    if (failure_.empty()) failure_ = std::strerror(error_);
  } else if (state_ == State::letters) {
    failure_ = is_client() ? "plain HTTP response" : "plain HTTP request";
  } else {
    failure_ = error_text();
  }
  // About the peer's certificate.
  const long verdict = ssl_ ? SSL_get_verify_result(ssl_.get()) : X509_V_OK;
  if (verdict == X509_V_OK || error_ != 0 || input_ == Input::ended) return;
  failure_.append(": ").append(X509_verify_cert_error_string(verdict));
  if (is_client()) error_ = kUntrusted;
}

// Frees the ephemeral keys of the key exchange, which OpenSSL would keep as long as the connection
// lasts. Once they are gone, a recording of the connection cannot be decrypted any more. An idle
// client also needs less memory: 0.97 of it with X25519, 0.78 with P-256.
void Session::forget_exchange() {
  EVP_PKEY* key = nullptr;
  const auto forget = [&key] {
    EVP_PKEY_set_type(key, EVP_PKEY_get_id(key));  // clears the key, even if the call fails
    EVP_PKEY_free(key);
  };
  if (SSL_get_tmp_key(ssl_.get(), &key) == 1) forget();
  if (SSL_get_peer_tmp_key(ssl_.get(), &key) == 1) forget();
  ERR_clear_error();
}

// Ends the session. If the scratch holds an alert that says why, the peer gets it.
IoResult Session::fail() {
  if (error_ == 0) error_ = input_ == Input::ended ? ECONNRESET : EPROTO;
  flush();
  enter_failed_state();
  ERR_clear_error();
  return {IoStatus::failed, 0, error_};
}

void Session::enter_failed_state() {
  switch (state_) {
    case State::silent:
    case State::handshaking:
      state_ = State::handshake_failed;
      break;
    case State::letters:
      state_ = State::plain_http;
      break;
    case State::established:
      state_ = State::broken;
      break;
    case State::handshake_failed:
    case State::plain_http:
    case State::broken:
      break;
  }
}

IoResult Session::shake_hands() {
  if (has_failed()) return {IoStatus::failed, 0, error_};
  if (input_ == Input::empty) input_ = Input::open;
  if (established()) return {IoStatus::ok};
  const IoResult result = handshake();
  if (result.status == IoStatus::ok && !flush()) return {IoStatus::failed, 0, error_};
  return result;
}

IoResult Session::read(char* buffer, std::size_t size) {
  if (has_failed()) return {IoStatus::failed, 0, error_};
  if (input_ == Input::empty) input_ = Input::open;
  const bool was_established = established();
  if (!was_established) {
    const IoResult result = handshake();
    if (result.status != IoStatus::ok) return result;
  }
  const IoResult result = read_records(buffer, size);
  if (result.status == IoStatus::failed) return result;
  // Before TLS 1.3 a client has to wait for the last flight of our handshake, tickets included.
  const bool may_withhold = !was_established && SSL_version(ssl_.get()) == TLS1_3_VERSION;
  if (may_withhold && result.status == IoStatus::ok) {
    withhold_tickets();
  } else if (!flush()) {
    return {IoStatus::failed, 0, error_};
  }
  return result;
}

IoResult Session::read_records(char* buffer, std::size_t size) {
  IoResult result{IoStatus::ok};
  while (result.size < size) {
    // The socket is empty, and OpenSSL has handed over all that the last recv() brought.
    if (result.size != 0 && input_ == Input::empty && received_.empty() &&
        SSL_has_pending(ssl_.get()) == 0) {
      result.drained = true;
      break;
    }
    std::size_t part = 0;
    const int done = SSL_read_ex(enter(), buffer + result.size, size - result.size, &part);
    if (done == 1) {
      result.size += part;
      bytes_without_data_ = 0;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ) {
      result.drained = input_ == Input::empty || result.size != 0;
      if (result.size == 0) result.status = IoStatus::would_block;
    } else if (result.size != 0) {
      // The bytes before the end or the error count; the next read() meets it again.
    } else if (error == SSL_ERROR_ZERO_RETURN) {
      result.status = IoStatus::closed;
    } else {
      return fail();
    }
    break;
  }
  return result;
}

// The first request came together with the end of the handshake: the tickets share one packet with
// its response.
void Session::withhold_tickets() {
  std::string& output = group_.scratch().output;
  waiting_.append(output);
  output.clear();
  output_ = waiting_.empty() ? Output::clear : Output::withheld;
}

// Puts the tickets in front of the records of a write().
void Session::release_tickets() {
  group_.scratch().output = waiting_;
  std::string().swap(waiting_);
  output_ = Output::clear;
}

IoResult Session::write(const iovec* pieces, int count, bool is_last) {
  RecordCutter rest(pieces, count);
  if (output_ == Output::withheld && !rest.done()) release_tickets();
  if (has_failed() || (!waiting_.empty() && !flush())) {
    return {IoStatus::failed, 0, error_ != 0 ? error_ : EPROTO};
  }
  if (!waiting_.empty()) return {IoStatus::would_block};
  Scratch& scratch = group_.scratch();
  std::size_t taken = 0;
  if (output_ == Output::unacknowledged && !rest.done()) {
    rest.skip(1);
    taken = 1;
    output_ = Output::clear;
  }
  while (!rest.done() && waiting_.empty()) {
    const std::string_view record = rest.next(scratch.gathered.get());
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
    // The last byte is acknowledged only when everything that is sealed has gone. Until then the
    // caller keeps coming, so that nothing else has to watch the socket for this session.
    output_ = Output::unacknowledged;
    --taken;
  }
  if (taken == 0) return {IoStatus::would_block};
  return {IoStatus::ok, taken};
}

bool Session::flush(bool is_last) {
  const bool sent = send_waiting(is_last);
  if (output_ != Output::unacknowledged) {
    output_ = waiting_.empty() ? Output::clear : Output::owed;
  }
  return sent;
}

// Sends the records that wait and those in the scratch; what the socket refuses waits. False after
// a failure.
bool Session::send_waiting(bool is_last) {
  std::string& output = group_.scratch().output;
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
  if ((n < 0 && !is_full) || from.size() > kMaxWaiting) {
    if (error_ == 0) error_ = n < 0 && !is_full ? errno : ENOBUFS;
    enter_failed_state();
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

shm::TlsVersion Session::version() const {
  switch (SSL_version(ssl_.get())) {
    case TLS1_VERSION:
      return shm::TlsVersion::tls10;
    case TLS1_1_VERSION:
      return shm::TlsVersion::tls11;
    case TLS1_2_VERSION:
      return shm::TlsVersion::tls12;
    default:
      return shm::TlsVersion::tls13;
  }
}

bool Session::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

bool Session::speaks_http2() const {
  if (state_ != State::established) return false;
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

void Session::close_notify() {
  if (output_ == Output::withheld && !flush()) return;
  if (state_ != State::established || !waiting_.empty()) return;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  seal_end();
  flush(true);
}

void Session::seal_end() {
  SSL_shutdown(enter());
  ERR_clear_error();
}

}  // namespace worker::tls
