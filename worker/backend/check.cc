// Active checks of one backend: see check.h.
#include "worker/backend/check.h"

#include <cerrno>

#include "worker/backend/connect_error.h"
#include "worker/net/proxy_header.h"
#include "worker/tls/backend_context.h"

namespace worker::backend {

namespace {

using shm::CheckOutcome;
using shm::CheckResult;

constexpr std::size_t kReadSize = std::size_t{16} * 1024;

CheckOutcome connect_outcome(int error) {
  switch (dead_reason(error)) {
    case shm::DeadReason::refused:
      return {CheckResult::refused};
    case shm::DeadReason::timeout:
      return {CheckResult::timed_out};
    case shm::DeadReason::reset:
      return {CheckResult::reset};
    case shm::DeadReason::unreachable:
      return {CheckResult::unreachable};
    default:
      return {CheckResult::no_connect};
  }
}

}  // namespace

Check::Check(Backend& backend, shm::BackendTable& table, Health& health, net::EventLoop& loop,
             net::DeadlineLists& deadlines)
    : backend_(backend),
      table_(table),
      health_(health),
      loop_(loop),
      within_(deadlines.of(backend.config.check->within)),
      every_ms_(static_cast<std::uint64_t>(backend.config.check->every.count()) * 1000),
      request_(check_request(backend.config)),
      deadline_([](void* self) { static_cast<Check*>(self)->on_timeout(); }, this),
      reply_(*backend.config.check, backend.heritage.response_rules) {}

void Check::tick(std::uint64_t now_ms) {
  if (step_ != Step::idle || backend_.addresses().empty()) return;
  if (!table_.checks().claim(backend_.heritage.row, now_ms, every_ms_)) return;
  deadline_.start(within_, net::EventLoop::now_ms());
  addresses_ = health_.addresses(backend_);
  connect_next({CheckResult::no_connect});
}

void Check::connect_next(CheckOutcome last) {
  if (addresses_.at_end()) return finish(last);
  const net::SocketAddress& address = addresses_.next();
  step_ = Step::connecting;
  upstream_ = std::make_unique<UpstreamConnection>(loop_);
  upstream_->set_user(*this);
  const int error = upstream_->connect(
      has_own_port() ? net::with_port(address, backend_.config.check->port) : address);
  if (error != 0) return connect_failed(error);
  if (!upstream_->connecting()) connected();
}

void Check::connect_failed(int error) {
  drop_upstream();
  if (is_local_failure(error)) return end();
  if (!has_own_port()) health_.address_is_silent(backend_, addresses_.current(), error);
  connect_next(connect_outcome(error));
}

void Check::connected() {
  if (!has_own_port()) {
    health_.address_answers(backend_, addresses_.current());
    const unsigned version = backend_.config.proxy_protocol;
    if (version != 0) upstream_->announce(net::write_local_proxy_header(version));
  }
  if (!backend_.heritage.tls) return ask();
  step_ = Step::securing;
  upstream_->secure(*backend_.heritage.tls);
  secure();
}

void Check::secure() {
  const tls::IoResult result = upstream_->endpoint().shake_hands();
  if (result.status == tls::IoStatus::would_block) return;
  if (result.status == tls::IoStatus::ok) return ask();
  const bool is_untrusted = result.error == tls::kUntrusted;
  finish({is_untrusted ? CheckResult::tls_verify : CheckResult::tls_handshake},
         upstream_->stream().tls()->failure());
}

void Check::ask() {
  if (request_.empty()) return finish({CheckResult::passed});
  step_ = Step::exchanging;
  net::Pieces pieces;
  pieces.add(request_);
  outbox_.send(&upstream_->stream(), pieces);
  upstream_->endpoint().want_write(outbox_.holds());
  read();
}

void Check::read() {
  char data[kReadSize];
  while (step_ == Step::exchanging && upstream_->endpoint().readable()) {
    const tls::IoResult result = upstream_->endpoint().read(data, sizeof data);
    if (result.status == tls::IoStatus::would_block) break;
    if (result.status == tls::IoStatus::closed) return finish(reply_.end());
    if (result.status == tls::IoStatus::failed) return finish({CheckResult::reset});
    if (const auto outcome = reply_.take(data, result.size)) return finish(*outcome);
  }
  if (outbox_.failed()) finish({CheckResult::reset});
}

void Check::on_upstream_event(UpstreamConnection& upstream) {
  if (step_ == Step::connecting) {
    const int error = upstream.connect_result();
    if (error == EINPROGRESS) return;
    if (error == 0) return connected();
    return connect_failed(error);
  }
  if (step_ == Step::securing) return secure();
  if (outbox_.holds()) outbox_.flush(upstream.stream());
  upstream.endpoint().want_write(outbox_.holds());
  read();
}

// The next check tries another address first, if there is one.
void Check::on_timeout() {
  if (step_ == Step::connecting && !has_own_port()) {
    health_.address_is_silent(backend_, addresses_.current(), ETIMEDOUT);
  }
  finish({CheckResult::timed_out});
}

// `why` may be a text of the connection.
void Check::finish(CheckOutcome outcome, std::string_view why) {
  health_.checked(backend_, outcome, why);
  end();
}

void Check::end() {
  deadline_.stop();
  drop_upstream();
  outbox_.clear();
  reply_.clear();
  step_ = Step::idle;
}

void Check::drop_upstream() {
  if (!upstream_) return;
  upstream_->close();
  loop_.dispose(std::move(upstream_));
}

}  // namespace worker::backend
