// Probes of backends and of their addresses: see probe.h.
#include "worker/backend/probe.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "worker/backend/connect_error.h"
#include "worker/net/proxy_header.h"

namespace worker::backend {

// This worker's probe of one backend: at most one connection at a time.
class Probe::Attempt final : public UpstreamUser {
 public:
  enum class Purpose : std::uint8_t { revive, suspect, address };

  // `timeout`: of one connect to what has failed before.
  Attempt(Backend& backend, Health& health, net::EventLoop& loop, log::Log& log,
          net::DeadlineList& timeout)
      : backend_(backend), health_(health), loop_(loop), log_(log), timeout_(timeout) {}

  // Tries the addresses until one takes the connection.
  void start(Purpose purpose) {
    purpose_ = purpose;
    addresses_ = health_.addresses(backend_);
    connect_next(EHOSTUNREACH);
  }
  // Tries this one only.
  void start(const net::SocketAddress& address) {
    purpose_ = Purpose::address;
    addresses_ = {};
    connect(address);
  }

  bool running() const { return upstream_ != nullptr; }

  void on_upstream_event(UpstreamConnection& upstream) override {
    const int error = upstream.connect_result();
    if (error == EINPROGRESS) return;
    if (error == 0) {
      succeed();
    } else {
      fail(error);
    }
  }
  void on_upstream_deadline(UpstreamConnection&) override { fail(ETIMEDOUT); }

 private:
  void connect(const net::SocketAddress& address) {
    address_ = address;
    upstream_ = std::make_unique<UpstreamConnection>(loop_);
    upstream_->set_user(*this);
    const int error = upstream_->connect(address);
    if (error != 0) {
      fail(error);
    } else if (!upstream_->connecting() || upstream_->queue_is_full()) {
      succeed();  // with a full queue, too: somebody listens
    } else {
      // A backend in use has the time that requests have.
      net::DeadlineList& timeout =
          purpose_ == Purpose::suspect ? backend_.connect_timeout : timeout_;
      upstream_->deadline().start(timeout, net::EventLoop::now_ms());
    }
  }

  void connect_next(int last_error) {
    if (!addresses_.at_end()) return connect(addresses_.next());
    if (purpose_ == Purpose::suspect) health_.backend_is_dead(backend_, last_error);
  }

  void succeed() {
    const unsigned version = backend_.config.proxy_protocol;
    if (version != 0 && !upstream_->connecting()) {
      upstream_->announce(net::write_local_proxy_header(version));
    }
    health_.address_answers(backend_, address_);
    if (purpose_ == Purpose::revive) health_.backend_is_live(backend_);
    if (purpose_ == Purpose::suspect) {
      log_.write(log::Severity::notice,
                 "backend " + backend_.title() + " accepts connections, so it stays in use");
    }
    end();
  }

  // A failure of this machine ends the probe without a verdict.
  void fail(int error) {
    end();
    if (is_local_failure(error)) return;
    health_.address_is_silent(backend_, address_, error);
    connect_next(error);
  }

  void end() {
    upstream_->close();
    loop_.dispose(std::move(upstream_));
  }

  Backend& backend_;
  Health& health_;
  net::EventLoop& loop_;
  log::Log& log_;
  net::DeadlineList& timeout_;
  Purpose purpose_ = Purpose::revive;
  AddressOrder addresses_;
  net::SocketAddress address_;  // that is tried
  std::unique_ptr<UpstreamConnection> upstream_;
};

Probe::Probe(const Backends& backends, shm::BackendTable& table, Health& health,
             std::chrono::seconds period, net::EventLoop& loop, net::DeadlineLists& deadlines,
             log::Log& log)
    : backends_(backends),
      table_(table),
      health_(health),
      log_(log),
      period_ms_(static_cast<std::uint64_t>(period.count()) * 1000) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const std::chrono::seconds longest = std::min(period, backends[i].config.connect_timeout);
    net::DeadlineList& timeout = deadlines.of(longest);
    attempts_.push_back(std::make_unique<Attempt>(backends[i], health, loop, log, timeout));
    const bool is_checked = backends[i].config.check.has_value();
    checks_.push_back(is_checked
                          ? std::make_unique<Check>(backends[i], table, health, loop, deadlines)
                          : nullptr);
  }
}

Probe::~Probe() = default;

void Probe::tick(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    const BackendHeritage& backend = backends_[i].heritage;
    backends_[i].refresh_addresses();
    if (health_.is_disabled(backends_[i])) backends_[i].pool.clear();
    if (checks_[i]) checks_[i]->tick(now_ms);
    if (backends_[i].addresses().empty() || attempts_[i]->running()) continue;
    if (table_.is_live(backend.row)) {
      probe_silent_addresses(i, now_ms);
    } else if (!checks_[i] && table_.claim_probe(backend.row, now_ms, period_ms_)) {
      attempts_[i]->start(Attempt::Purpose::revive);
    }
  }
}

// One at a time: those that are due wait for the next tick.
void Probe::probe_silent_addresses(std::size_t index, std::uint64_t now_ms) {
  if (!health_.has_silent_address(backends_[index])) return;
  for (const net::SocketAddress& address : backends_[index].addresses()) {
    if (!health_.claim_address_probe(backends_[index], address, now_ms, period_ms_)) continue;
    return attempts_[index]->start(address);
  }
}

void Probe::suspect(const Backend& backend, std::string_view why) {
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    if (&backends_[i] != &backend) continue;
    if (attempts_[i]->running()) return;
    if (!table_.claim_suspicion(backend.heritage.row, net::EventLoop::now_ms())) return;
    log_.write(log::Severity::warning,
               "backend " + backend.title() + " may be dead: " + std::string(why) + "; probing it");
    attempts_[i]->start(Attempt::Purpose::suspect);
  }
}

}  // namespace worker::backend
