// The keep-alive loop of one client: see client_connection.h.
#include "worker/client/connection.h"

#include <cerrno>

#include "worker/transaction/transaction.h"

namespace worker::client {

namespace {

// How much is read at a time while a head is awaited. More would only be copied: a request that has
// to wait for a backend holds what came with its head.
constexpr std::size_t kHeadReadSize = http::kMaxHead + 1024;
static_assert(conf::kMostHeader + 1024 + kHeadReadSize <= kReadBufferSize, "both fit");

// How many reads one connection may have in a turn of the loop.
constexpr int kReadsPerTurn = 16;

// What a fresh connection has on its way without waiting for the receiver: ten segments.
constexpr std::size_t kSentAtOnce = 14'600;

// For who speaks HTTP where TLS is spoken.
constexpr std::string_view kPlainHttpHead =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 61\r\nConnection: close\r\n\r\n";
constexpr std::string_view kPlainHttpPage =
    "This port speaks HTTPS, and this request came in plain HTTP.\n";
static_assert(kPlainHttpPage.size() == 61);

}  // namespace

ClientConnection::ClientConnection(WorkerContext& worker, ListenerRuntime& listener,
                                   net::UniqueFd socket, std::string ip)
    : worker_(worker),
      listener_(listener),
      stream_(std::move(socket)),
      deadline_([](void* self) { static_cast<ClientConnection*>(self)->on_deadline(); }, this),
      ip_(std::move(ip)) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::start() {
  if (listener_.heritage.tls && !stream_.secure(*listener_.heritage.tls)) return close();
  deadline_.start(listener_.client_timeout, net::EventLoop::now_ms());
  const auto callback = [](void* self, short what) {
    static_cast<ClientConnection*>(self)->on_event(what);
  };
  if (!event_.add_edge(worker_.loop, stream_.fd(), net::kReadable | net::kPeerClosed, callback,
                       this)) {
    close();
  }
}

void ClientConnection::drain() {
  if (transaction_ || lingering_ || pending_) return;
  if (worker_.patient) {
    deadline_.start(worker_.patience_timeout, net::EventLoop::now_ms());
  } else if (has_served_) {
    close();
  } else {
    // Its first request may be under way; it will be answered, with Connection: close.
    deadline_.start(worker_.newcomer_timeout, net::EventLoop::now_ms());
  }
}

bool ClientConnection::is_idle() const { return !transaction_ && !pending_; }

void ClientConnection::cut_off(std::string_view reason) {
  if (transaction_) transaction_->cut_off(reason);
  close();
}

tls::IoResult ClientConnection::read(char* buffer, std::size_t size) {
  tls::IoResult result = stream_.read(buffer, size);
  if (tls::Session* const tls = stream_.tls()) {
    // Part of a record or of the handshake, and behind it an end of stream that was told already.
    while (result.status == tls::IoStatus::would_block && result.drained && peer_closed_) {
      result = stream_.read(buffer, size);
    }
    if (tls->must_flush()) watch_writable();
  }
  if (result.status != tls::IoStatus::ok) readable_ = false;
  return result;
}

void ClientConnection::keep(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!pending_) pending_ = std::make_unique<Pending>();
  pending_->bytes.append(bytes);
}

std::string ClientConnection::take_kept() {
  std::string kept;
  if (pending_) kept.swap(pending_->bytes);
  pending_.reset();
  return kept;
}

void ClientConnection::on_event(short what) {
  if (closed_) return;
  readable_ = true;
  if ((what & net::kPeerClosed) != 0) peer_closed_ = true;
  if (transaction_) {
    transaction_->on_client_event();
  } else if (lingering_) {
    linger();
  } else {
    serve();
  }
}

void ClientConnection::on_deadline() {
  if (transaction_) {
    transaction_->on_client_deadline();
  } else if (lingering_) {
    if (stream_.unsent() >= linger_unsent_) return close();
    linger();  // silent, but still busy with what we have sent
  } else if (!pending_) {
    const tls::Session* const tls = stream_.tls();
    if (tls != nullptr && tls->handshaking()) {
      record_handshake(408, "tls_timeout", "not completed in time");
    }
    close();
  } else {
    // The time for a whole head is over, however its bytes trickle in.
    has_served_ = true;
    transaction_ = worker_.take_transaction();
    transaction_->start_too_late(*this);
  }
}

void ClientConnection::serve() {
  serving_ = true;
  while (!transaction_ && !closed_ && !lingering_) {
    worker_.note(shm::Activity::read_head, listener_);
    char* const buffer = worker_.read_buffer.get();
    std::size_t size = pending_ ? pending_->bytes.copy(buffer, kReadBufferSize) : 0;
    std::size_t scanned = pending_ ? pending_->scanned : 0;
    if (wants_more_) {
      const std::size_t more = read_more(size);
      if (more == 0) break;
      size += more;
    }
    http::Refusal refusal;
    const http::ParseStatus status = http::parse_request_head(
        {buffer, size}, scanned, worker_.request_head, refusal, listener_.limits);
    wants_more_ = status == http::ParseStatus::incomplete;
    if (wants_more_) {
      if (!pending_) pending_ = std::make_unique<Pending>();
      pending_->bytes.assign(buffer, size);
      pending_->scanned = scanned;
      continue;
    }
    pending_.reset();
    deadline_.stop();
    has_served_ = true;
    transaction_ = worker_.take_transaction();
    if (refusal) {
      transaction_->start_refused(*this, refusal);
    } else {
      const std::size_t head = worker_.request_head.size;
      transaction_->start(*this, buffer + head, size - head);
    }
  }
  serving_ = false;
}

// Reads behind the `have` bytes in the worker's buffer; 0 when there is nothing to go on with.
std::size_t ClientConnection::read_more(std::size_t have) {
  if (!readable_) return 0;
  const tls::IoResult result = read(worker_.read_buffer.get() + have, kHeadReadSize);
  switch (result.status) {
    case tls::IoStatus::ok:
      break;
    case tls::IoStatus::would_block:
      return 0;
    case tls::IoStatus::failed:
      if (stream_.tls() != nullptr && !stream_.tls()->established()) {
        handshake_failed(result.error);
        return 0;
      }
      [[fallthrough]];
    case tls::IoStatus::closed:
      close();
      return 0;
  }
  // A short read has emptied the socket: no second one to be told so.
  if (result.drained) settle();
  // From its first byte on a head has its own time.
  if (have == 0) deadline_.start(listener_.client_timeout, net::EventLoop::now_ms());
  return result.size;
}

void ClientConnection::transaction_ended(After after) {
  worker_.give_back(std::move(transaction_));
  const bool leaves = worker_.draining && !worker_.patient && !pending_ && !readable_;
  const bool closes = after == After::close || (after == After::keep_alive && leaves);
  if (after == After::abort) {
    stream_.abort();
    close();
  } else if (after == After::linger || (closes && may_be_reset())) {
    linger();
  } else if (closes) {
    close();
  } else {
    go_idle();
  }
}

// Whether a close now could cost the client the end of its response: bytes that it sends, were it
// only TLS's farewell, meet with a reset once the socket is closed, and a reset discards what is
// still queued. What is on its way already arrives before that.
bool ClientConnection::may_be_reset() const { return readable_ || stream_.unsent() > kSentAtOnce; }

void ClientConnection::go_idle() {
  deadline_.start(worker_.draining ? worker_.patience_timeout : listener_.client_timeout,
                  net::EventLoop::now_ms());
  wants_more_ = !pending_;
  // serve() goes on by itself when it is the caller; else the next turn does, so that a client who
  // pipelines does not keep the others waiting.
  if (!serving_ && (readable_ || !wants_more_)) event_.raise_again();
}

void ClientConnection::linger() {
  const std::uint64_t now = net::EventLoop::now_ms();
  if (!lingering_) {
    lingering_ = true;
    linger_end_ms_ = now + kLingerTotalMs;
    stream_.shutdown_write();
  }
  if (now > linger_end_ms_) return close();
  deadline_.start(worker_.linger_timeout, now);
  linger_unsent_ = static_cast<std::uint32_t>(stream_.unsent());
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const tls::IoResult result = read(worker_.read_buffer.get(), kReadBufferSize);
    if (result.status == tls::IoStatus::would_block) return;
    if (result.status != tls::IoStatus::ok) return close();
  }
  event_.raise_again();
}

void ClientConnection::record_handshake(int status, std::string_view reason,
                                        std::string_view details, std::size_t body_bytes) {
  const std::uint64_t now_us = worker_.loop.turn_us();
  log::AccessRecord record;
  worker_.access_log.begin({}, now_us, record);
  record.client_ip = ip_;
  record.status = status;
  record.body_bytes = body_bytes;
  record.reason = reason;
  worker_.access_log.write(record, now_us);
  if (worker_.log.detail() < 1) return;
  worker_.log.write(log::Severity::info, "listener " + listener_.name + ": TLS handshake with " +
                                             ip_ + " failed: " + std::string(details));
}

// The client reads what we have to say, an alert or a page, before the end. Who never said a word,
// such as one who only looks which ports are open, leaves no record.
void ClientConnection::handshake_failed(int error) {
  const tls::Session& tls = *stream_.tls();
  const bool is_plain_http = tls.met_plain_http();
  if (is_plain_http) {
    record_handshake(400, "plain_http", tls.failure(), kPlainHttpPage.size());
  } else if (!tls.failure().empty()) {
    const bool is_refused = error == EPROTO;  // by one side or the other, but not just left
    record_handshake(is_refused ? 400 : log::kStatusClientGone,
                     is_refused ? "tls_handshake" : "tls_closed", tls.failure());
  }
  stream_.drop_tls();
  if (is_plain_http) {
    const auto piece = [](std::string_view text) {
      return iovec{const_cast<char*>(text.data()), text.size()};
    };
    const iovec page[] = {piece(kPlainHttpHead), piece(kPlainHttpPage)};
    stream_.write(page, 2);
  }
  readable_ = true;
  linger();
}

// TLS has something to say that is no response, and the socket is full.
void ClientConnection::watch_writable() {
  if (!owed_) owed_ = std::make_unique<net::FdEvent>();
  if (owed_->added()) return;
  owed_->add_edge(
      worker_.loop, stream_.fd(), net::kWritable,
      [](void* self, short) { static_cast<ClientConnection*>(self)->on_owed(); }, this);
}

void ClientConnection::on_owed() {
  tls::Session* const tls = stream_.tls();
  if (tls != nullptr && tls->must_flush() && tls->flush() && tls->must_flush()) return;
  owed_->remove();
  on_event(net::kReadable);
}

void ClientConnection::close() {
  if (closed_) return;
  closed_ = true;
  if (owed_) owed_->remove();
  event_.remove();
  deadline_.stop();
  stream_.close();
  worker_.dismiss(*this);
}

}  // namespace worker::client
