// See connection.h.
#include "worker/store/connection.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "worker/log/escape.h"

namespace worker::store {

namespace {

constexpr std::size_t kReadSize = 16 * 1024;
constexpr int kReadsPerTurn = 16;
constexpr unsigned kSoonMs = 1;

}  // namespace

Connection::Connection(net::EventLoop& loop, ConnectionUser& user)
    : loop_(loop),
      user_(user),
      failure_timer_(
          loop, [](void* self) { static_cast<Connection*>(self)->tell_failure(); }, this) {}

Connection::~Connection() { close(); }

void Connection::open(const net::SocketAddress& address, tls::SessionGroup* group) {
  close();
  group_ = group;
  replies_ = std::make_unique<Replies>();
  upstream_ = std::make_unique<backend::UpstreamConnection>(loop_);
  upstream_->set_user(*this);
  state_ = State::connecting;
  const int error = upstream_->connect(address);
  if (error != 0) return fail(std::strerror(error));
  if (!upstream_->connecting()) connected();
}

void Connection::close() {
  failure_timer_.stop();
  state_ = State::closed;
  output_.clear();
  outbox_.clear();
  if (!upstream_) return;
  upstream_->close();
  loop_.dispose(std::move(upstream_));
}

void Connection::connected() {
  if (group_ == nullptr) {
    state_ = State::open;
    return user_.on_connected();
  }
  state_ = State::securing;
  upstream_->secure(*group_);
  secure();
}

void Connection::secure() {
  const tls::IoResult result = upstream_->endpoint().shake_hands();
  if (result.status == tls::IoStatus::would_block) return;
  if (result.status != tls::IoStatus::ok) {
    return fail("TLS: " + log::escaped(upstream_->stream().tls()->failure()));
  }
  state_ = State::open;
  user_.on_connected();
}

void Connection::flush() {
  if (state_ != State::open || output_.empty()) return;
  net::Pieces pieces;
  pieces.add(output_);
  outbox_.send(&upstream_->stream(), pieces);
  output_.clear();
  upstream_->endpoint().want_write(outbox_.holds());
  if (outbox_.failed()) fail(std::strerror(outbox_.error()));
}

void Connection::read() {
  if (state_ != State::open) return;
  upstream_->endpoint().mark_readable();
  take_answers();
}

void Connection::take_answers() {
  char data[kReadSize];
  for (int i = 0; state_ == State::open && upstream_->endpoint().readable(); ++i) {
    if (i == kReadsPerTurn) return upstream_->endpoint().reschedule();
    const tls::IoResult result = upstream_->endpoint().read(data, sizeof data);
    if (result.status == tls::IoStatus::would_block) return;
    if (result.status == tls::IoStatus::closed) return fail("it has closed the connection");
    if (result.status == tls::IoStatus::failed) return fail(std::strerror(result.error));
    replies_->feed({data, result.size});
    while (state_ == State::open) {
      std::optional<Reply> reply = replies_->next();
      if (!reply) break;
      user_.on_reply(std::move(*reply));
    }
    if (state_ == State::open && replies_->failed()) {
      return fail("its answer is not of the protocol of Redis");
    }
  }
}

void Connection::on_upstream_event(backend::UpstreamConnection& upstream) {
  if (state_ == State::connecting) {
    const int error = upstream.connect_result();
    if (error == EINPROGRESS) return;
    return error == 0 ? connected() : fail(std::strerror(error));
  }
  if (state_ == State::securing) return secure();
  if (state_ != State::open) return;
  if (outbox_.holds()) outbox_.flush(upstream.stream());
  upstream.endpoint().want_write(outbox_.holds());
  if (outbox_.failed()) return fail(std::strerror(outbox_.error()));
  take_answers();
}

void Connection::fail(const std::string& why) {
  state_ = State::failed;
  failure_ = why;
  failure_timer_.start(kSoonMs);
}

void Connection::tell_failure() {
  failure_timer_.stop();
  const std::string why = std::exchange(failure_, {});
  user_.on_failure(why);
}

}  // namespace worker::store
