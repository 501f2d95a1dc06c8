// The keep-alive loop of one client: see http1_connection.h.
#include "worker/client/http1_connection.h"

#include "worker/client/client_set.h"
#include "worker/client/context.h"
#include "worker/client/exchange_pool.h"
#include "worker/client/http2_connection.h"
#include "worker/tls/context.h"

namespace worker::client {

namespace {

// How much is read at a time while a head is awaited. More would only be copied: a request that has
// to wait for a backend holds what came with its head.
constexpr std::size_t kHeadReadSize = http::kMaxHead + 1024;
static_assert(conf::kMostHeader + 1024 + kHeadReadSize <= net::kReadBufferSize, "both fit");

// What a fresh connection may have under way without waiting for the receiver: ten segments
// (RFC 6928).
constexpr std::size_t kSentAtOnce = 14'600;

}  // namespace

Http1Connection::Http1Connection(Context& context, route::Listener& listener, net::Stream stream,
                                 Peer peer)
    : peer_is_trusted_(peer.is_trusted),
      peer_port_(peer.port),
      context_(context),
      listener_(listener),
      endpoint_(std::move(stream)),
      deadline_([](void* self) { static_cast<Http1Connection*>(self)->on_deadline(); }, this),
      ip_(std::move(peer.ip)) {
  context.clients.set_counted(*this, std::move(peer.counted));
}

Http1Connection::~Http1Connection() = default;

void Http1Connection::start() {
  net::Stream& stream = endpoint_.stream();
  stream.count_in(listener_.cells.bytes);
  if (listener_.heritage.tls) stream.secure(*listener_.heritage.tls);
  deadline_.start(listener_.client_timeout, net::EventLoop::now_ms());
  const auto callback = [](void* self, short what) {
    static_cast<Http1Connection*>(self)->on_event(what);
  };
  if (!endpoint_.watch(context_.loop, callback, this)) close();
}

void Http1Connection::drain() {
  if (state_ != State::fresh && state_ != State::idle) return;
  const std::uint64_t now = net::EventLoop::now_ms();
  if (context_.clients.mode() != ClientSet::Mode::draining) {
    deadline_.start(context_.patience(), now);
  } else if (state_ == State::idle) {
    close();
  } else {
    // Its first request may be under way; it will be answered, with Connection: close.
    deadline_.start(context_.newcomer_timeout, now);
  }
}

bool Http1Connection::is_idle() const {
  return state_ == State::fresh || state_ == State::idle || state_ == State::lingering;
}

void Http1Connection::cut_off(std::string_view reason) {
  if (exchange_) exchange_->cut_off(reason);
  close();
}

void Http1Connection::keep(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!pending_) pending_ = std::make_unique<Pending>();
  pending_->bytes.append(bytes);
}

std::string Http1Connection::take_kept() {
  std::string kept;
  if (pending_) kept.swap(pending_->bytes);
  pending_.reset();
  return kept;
}

void Http1Connection::on_event(short what) {
  const short left = endpoint_.take_event(what);
  switch (state_) {
    case State::starting:
    case State::exchanging:
      if ((left & net::kWritable) != 0) exchange_->on_writable();
      // Its end may have given the exchange back.
      if ((left & net::kReadable) != 0 && exchange_) exchange_->on_readable();
      break;
    case State::lingering:
      if (left != 0) linger();
      break;
    case State::closed:
      break;
    default:
      if (left != 0) serve();
  }
}

void Http1Connection::on_deadline() {
  switch (state_) {
    case State::lingering:
      if (!pending_->linger->is_busy(endpoint_)) return close();
      return linger();  // silent, but still busy with what we have sent
    case State::reading:
    case State::pipelined:
      // The time for a whole head is over, however its bytes trickle in.
      state_ = State::exchanging;
      exchange_ = context_.exchanges.take();
      return exchange_->start_too_late(*this);
    default:
      handshake_timed_out();
      close();
  }
}

void Http1Connection::serve() {
  for (;;) {
    context_.activity.set(shm::Activity::read_head, listener_.heritage.row);
    char* const buffer = context_.buffer.data();
    std::size_t size = pending_ ? pending_->bytes.copy(buffer, net::kReadBufferSize) : 0;
    std::size_t scanned = pending_ ? pending_->scanned : 0;
    if (state_ != State::pipelined) {
      const std::size_t more = read_more(size);
      if (more == 0) return;
      size += more;
    }
    http::Refusal refusal;
    http::ParseStatus status = http::ParseStatus::incomplete;
    const Answer is_http2 = begins_http2({buffer, size});
    if (is_http2 == Answer::yes) return become_http2({buffer, size});
    if (is_http2 == Answer::no) {
      status = http::parse_request_head({buffer, size}, scanned, context_.request_head, refusal,
                                        listener_.limits);
    }
    if (status == http::ParseStatus::incomplete) {
      if (!pending_) pending_ = std::make_unique<Pending>();
      pending_->bytes.assign(buffer, size);
      pending_->scanned = scanned;
      state_ = State::reading;
      continue;
    }
    begin_exchange(refusal, buffer, size);
    if (state_ == State::starting) {
      state_ = State::exchanging;
      return;
    }
    if (state_ != State::idle && state_ != State::pipelined) return;
  }
}

// Begins with the head that the worker's scratch holds, or with its refusal.
void Http1Connection::begin_exchange(const http::Refusal& refusal, char* buffer, std::size_t size) {
  pending_.reset();
  deadline_.stop();
  state_ = State::starting;
  has_asked_ = true;
  exchange_ = context_.exchanges.take();
  if (refusal) return exchange_->start_refused(*this, refusal);
  const std::size_t head = context_.request_head.size;
  exchange_->start(*this, buffer + head, size - head);
}

// Reads behind the `have` bytes in the worker's buffer; 0 when there is nothing to go on with.
std::size_t Http1Connection::read_more(std::size_t have) {
  if (!endpoint_.readable()) return 0;
  const tls::Session* const tls = endpoint_.stream().tls();
  const bool shakes_hands = tls != nullptr && !tls->established();
  const tls::IoResult result = endpoint_.read(context_.buffer.data() + have, kHeadReadSize);
  if (shakes_hands && tls->established()) {
    listener_.cells.count_handshake(tls->version(), tls->is_resumed());
  }
  switch (result.status) {
    case tls::IoStatus::ok:
      break;
    case tls::IoStatus::would_block:
      return 0;
    case tls::IoStatus::failed:
      if (tls != nullptr && !tls->established()) {
        handshake_failed(result.error);
        return 0;
      }
      [[fallthrough]];
    case tls::IoStatus::closed:
      close();
      return 0;
  }
  // A short read has emptied the socket: no second read to be told so.
  if (result.drained) endpoint_.mark_drained();
  // From its first byte on a head has its own time.
  if (have == 0) deadline_.start(listener_.client_timeout, net::EventLoop::now_ms());
  return result.size;
}

// By the choice of the handshake; without TLS, by the first bytes.
Http1Connection::Answer Http1Connection::begins_http2(std::string_view bytes) const {
  if (!listener_.speaks_http2 || has_asked_) return Answer::no;
  const tls::Session* const tls = endpoint_.stream().tls();
  if (tls != nullptr)
    return state_ == State::fresh && tls->speaks_http2() ? Answer::yes : Answer::no;
  if (bytes.starts_with(http2::kPreface)) return Answer::yes;
  return http2::kPreface.starts_with(bytes) ? Answer::maybe : Answer::no;
}

void Http1Connection::become_http2(std::string_view bytes) {
  deadline_.stop();
  state_ = State::closed;
  context_.clients.replace(*this, std::make_unique<Http2Connection>(
                                      context_, listener_, endpoint_.release(),
                                      Peer{std::move(ip_), peer_is_trusted_, peer_port_}, bytes));
}

void Http1Connection::exchange_ended(After after) {
  context_.exchanges.give_back(std::move(exchange_));
  const bool leaves =
      context_.clients.mode() == ClientSet::Mode::draining && !pending_ && !endpoint_.readable();
  const bool closes = after == After::close || (after == After::keep_alive && leaves);
  if (after == After::abort) {
    endpoint_.stream().abort();
    close();
  } else if (after == After::linger || (closes && may_be_reset())) {
    linger();
  } else if (closes) {
    close();
  } else {
    go_idle();
  }
}

// Whether a close now could cost the client the end of its response. Bytes that it still sends,
// even TLS's close_notify, meet with a reset once the socket is closed, and a reset discards what
// is still queued. What is under way already arrives before that.
bool Http1Connection::may_be_reset() const {
  return endpoint_.readable() || endpoint_.stream().unsent() > kSentAtOnce;
}

void Http1Connection::go_idle() {
  const bool is_serving = state_ == State::starting;  // serve() goes on by itself
  deadline_.start(
      context_.clients.ends_connections() ? context_.patience() : listener_.client_timeout,
      net::EventLoop::now_ms());
  state_ = pending_ ? State::pipelined : State::idle;
  // The next turn goes on, so that a client that pipelines does not keep the others waiting.
  if (!is_serving && (endpoint_.readable() || pending_)) endpoint_.reschedule();
}

void Http1Connection::linger() {
  const std::uint64_t now = net::EventLoop::now_ms();
  if (state_ != State::lingering) {
    state_ = State::lingering;
    pinned_.reset();
    pending_ = std::make_unique<Pending>();
    pending_->linger.emplace(endpoint_, now);
  }
  deadline_.start(context_.linger_timeout, now);
  if (pending_->linger->drop_input(endpoint_, context_.buffer, now) == Linger::Step::over) close();
}

void Http1Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  pinned_.reset();
  deadline_.stop();
  endpoint_.close();
  context_.clients.dismiss(*this);
}

}  // namespace worker::client
