// One client that speaks HTTP/2: see http2_connection.h.
#include "worker/client/http2_connection.h"

#include <algorithm>

#include "worker/client/client_set.h"
#include "worker/client/connection_record.h"
#include "worker/client/context.h"
#include "worker/client/flush_list.h"

namespace worker::client {

namespace {

// How much one client may have of a turn of the loop.
constexpr int kReadsPerTurn = 4;
constexpr std::size_t kFramesPerTurn = 256;
constexpr std::size_t kReadSize = std::size_t{64} * 1024;

constexpr std::string_view kHeadTimeout = "head_timeout";

// The compressed block of a head of `MaxHeader` bytes, with its frames.
std::size_t most_block(const http::Limits& limits) { return limits.head + http2::kMaxPayload + 9; }
static_assert(conf::kMostHeader + http2::kMaxPayload + 9 + kReadSize <= net::kReadBufferSize);

}  // namespace

Http2Connection::Http2Connection(Context& context, route::Listener& listener, net::Stream stream,
                                 Peer peer, std::string_view first)
    : peer_is_trusted_(peer.is_trusted),
      peer_port_(peer.port),
      context_(context),
      listener_(listener),
      endpoint_(std::move(stream)),
      deadline_([](void* self) { static_cast<Http2Connection*>(self)->on_deadline(); }, this),
      ip_(std::move(peer.ip)),
      pending_(first),
      session_(*this, {.most_block = most_block(listener.limits),
                       .most_header_list = listener.limits.head}) {}

Http2Connection::~Http2Connection() = default;

void Http2Connection::start() {
  const auto callback = [](void* self, short what) {
    static_cast<Http2Connection*>(self)->on_event(what);
  };
  if (!endpoint_.watch(context_.loop, callback, this)) return close();
  session_.start();
  endpoint_.mark_readable();
  const std::size_t size = pending_.copy(context_.frames.data(), net::kReadBufferSize);
  const std::uint64_t now = net::EventLoop::now_ms();
  pending_.erase(0, session_.take({context_.frames.data(), size}, kFramesPerTurn, now));
  read_frames();
  settle();
}

void Http2Connection::drain() {
  if (wait_ == Wait::request) wait_ = Wait::nothing;  // another time applies now
  settle();
}

// A browser gives its tunnels up when it hears that the connection ends. So they come first.
void Http2Connection::announce_end() {
  if (has_tunnel()) return;
  if (context_.clients.mode() == ClientSet::Mode::draining) {
    session_.end_requests();
  } else {
    session_.announce_end();
  }
}

void Http2Connection::cut_off(std::string_view reason) {
  session_.end_requests();
  cut_off_exchanges(reason);
  write_out();
  close();
}

// --- input

void Http2Connection::on_event(short what) {
  const short left = endpoint_.take_event(what);
  if (state_ == State::closed || left == 0) return;
  if (state_ == State::lingering) return linger();
  if ((left & net::kWritable) != 0 && write_out()) session_.resume();
  if (state_ == State::open) on_readable();
  settle();
}

void Http2Connection::on_readable() {
  for (std::size_t left = readers_.size(); left != 0 && !readers_.empty(); --left) {
    Http2Exchange* const reader = readers_.front();
    readers_.erase(readers_.begin());
    reader->on_readable();
  }
  read_frames();
}

void Http2Connection::read_frames() {
  char* const buffer = context_.frames.data();
  context_.activity.set(shm::Activity::read_head, listener_.heritage.row);
  for (int i = 0; i < kReadsPerTurn; ++i) {
    // A client that takes nothing is not heard.
    if (state_ != State::open || session_.has_failed() || endpoint_.wants_write()) return;
    std::size_t size = pending_.copy(buffer, net::kReadBufferSize);
    if (!session_.is_behind() && !read_more(size)) return;
    const std::size_t taken =
        session_.take({buffer, size}, kFramesPerTurn, net::EventLoop::now_ms());
    pending_.assign(buffer + taken, size - taken);
    if (taken != 0 && wait_ == Wait::frame) wait_ = Wait::nothing;  // it is another frame now
    if (pending_.empty()) std::string().swap(pending_);
    if (!session_.is_behind() && !endpoint_.readable()) return;
  }
  endpoint_.reschedule();
}

// Reads behind the `size` bytes in the worker's buffer. False when nothing came.
bool Http2Connection::read_more(std::size_t& size) {
  if (!endpoint_.readable()) return false;
  const tls::IoResult result = endpoint_.read(context_.frames.data() + size, kReadSize);
  switch (result.status) {
    case tls::IoStatus::ok:
      if (result.drained) endpoint_.mark_drained();
      size += result.size;
      return true;
    case tls::IoStatus::would_block:
      return false;
    case tls::IoStatus::closed:
    case tls::IoStatus::failed:
      cut_off_exchanges("client_closed");
      close();
      return false;
  }
  return false;
}

// --- output

void Http2Connection::touch() {
  if (is_touched_ || state_ == State::closed) return;
  is_touched_ = true;
  context_.flushes.add(*this);
}

void Http2Connection::flush() {
  is_touched_ = false;
  if (state_ == State::closed) return;
  if (write_out()) session_.resume();
  settle();
}

// Whether the client has taken all.
bool Http2Connection::write_out() {
  std::string& out = session_.output();
  if (out.empty()) return true;
  const iovec piece{out.data(), out.size()};
  const tls::IoResult result = endpoint_.stream().write(&piece, 1, false);
  if (result.status == tls::IoStatus::ok) {
    if (wait_ == Wait::room && result.size != 0) wait_ = Wait::nothing;  // there is progress
    out.erase(0, result.size);
  } else if (result.status != tls::IoStatus::would_block) {
    out.clear();
    session_.fail(http2::ErrorCode::internal_error, "client_closed");
    endpoint_.mark_readable();
  }
  if (out.empty() && !session_.has_streams()) std::string().swap(out);
  endpoint_.want_write(!out.empty());
  return out.empty();
}

// The end of each event: what has become due.
void Http2Connection::settle() {
  if (state_ == State::closed || state_ == State::lingering) return;
  if (context_.clients.ends_connections()) announce_end();
  if (state_ == State::open && session_.has_failed()) end_for_failure();
  if (state_ == State::closed) return;
  if (state_ == State::open && has_finished()) {
    session_.end_requests();
    state_ = State::ending;
  }
  if (!session_.output().empty() && !endpoint_.wants_write()) touch();
  if (state_ == State::ending && session_.output().empty()) return linger();
  settle_deadline();
}

bool Http2Connection::has_finished() const {
  if (session_.has_streams()) return false;
  return !session_.takes_requests() || session_.client_is_leaving() ||
         (context_.clients.mode() == ClientSet::Mode::draining);
}

void Http2Connection::end_for_failure() {
  state_ = State::ending;
  const std::string_view reason = session_.failure().reason;
  cut_off_exchanges(reason);
  if (reason == "client_closed") return close();
  const int status = reason == kHeadTimeout ? 408 : 400;
  write_connection_record(context_, listener_,
                          {.client_ip = ip_, .status = status, .reason = reason});
  if (context_.log.detail() >= 1) {
    context_.log.write(log::Severity::info, "listener " + listener_.name + ": connection of " +
                                                ip_ + " ended: reason=" + std::string(reason));
  }
}

void Http2Connection::cut_off_exchanges(std::string_view reason) {
  while (!exchanges_.empty()) exchanges_.back()->cut_off(reason);
}

// --- time

void Http2Connection::settle_deadline() {
  if (endpoint_.wants_write()) return wait(Wait::room);
  if (!pending_.empty()) return wait(Wait::frame);
  if (session_.has_streams()) return wait(Wait::nothing);
  if (wait_ == Wait::request) return;
  wait(context_.clients.ends_connections() ? Wait::request : Wait::pause);
}

void Http2Connection::wait(Wait what) {
  if (what == wait_) return;
  wait_ = what;
  const std::uint64_t now = net::EventLoop::now_ms();
  switch (what) {
    case Wait::nothing:
      return deadline_.stop();
    case Wait::pause:
      return deadline_.start(context_.pause_timeout, now);
    case Wait::request:
      return deadline_.start(
          context_.clients.ends_connections() ? context_.patience() : listener_.client_timeout,
          now);
    case Wait::frame:
      return deadline_.start(listener_.client_timeout, now);
    case Wait::room:
      return deadline_.start(listener_.pace.silence, now);
    case Wait::linger:
      return deadline_.start(context_.linger_timeout, now);
  }
}

void Http2Connection::on_deadline() {
  const Wait what = wait_;
  wait_ = Wait::nothing;
  switch (what) {
    case Wait::linger:
      if (linger_->is_busy(endpoint_)) return linger();
      return close();
    case Wait::room:
      cut_off_exchanges("client_timeout");
      endpoint_.stream().abort();
      return close();
    case Wait::frame:
      session_.fail(http2::ErrorCode::enhance_your_calm, kHeadTimeout);
      return settle();
    case Wait::pause:
      decoder_.pack();
      session_.rest();
      exchanges_.shrink_to_fit();
      readers_.shrink_to_fit();
      return wait(Wait::request);
    case Wait::request:
      session_.end_requests();
      return settle();
    case Wait::nothing:
      return;
  }
}

// --- the end

void Http2Connection::linger() {
  const std::uint64_t now = net::EventLoop::now_ms();
  if (state_ != State::lingering) {
    state_ = State::lingering;
    linger_.emplace(endpoint_, now);
  }
  wait_ = Wait::nothing;
  wait(Wait::linger);
  if (linger_->drop_input(endpoint_, context_.buffer, now) == Linger::Step::over) close();
}

void Http2Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  if (is_touched_) context_.flushes.remove(*this);
  deadline_.stop();
  endpoint_.close();
  context_.clients.dismiss(*this);
}

}  // namespace worker::client
