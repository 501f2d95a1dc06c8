// Probes dead backends: see probe.h.
#include "worker/backend/probe.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace worker::backend {

// This worker's probe of one backend: at most one connection at a time.
class Probe::Attempt final : public UpstreamUser {
 public:
  Attempt(const Backend& backend, shm::BackendTable& table, net::EventLoop& loop, log::Log& log,
          net::DeadlineList& timeout)
      : backend_(backend), table_(table), loop_(loop), log_(log), timeout_(timeout) {}

  void start(std::uint64_t now_ms) {
    const std::vector<net::SocketAddress>& addresses = backend_.addresses();
    upstream_ = std::make_unique<UpstreamConnection>(loop_);
    upstream_->set_user(*this);
    // A name may have several addresses; each probe tries the next one.
    const int error = upstream_->connect(addresses[next_address_++ % addresses.size()]);
    if (error != 0) {
      end();
    } else if (!upstream_->connecting()) {
      succeed();
    } else {
      upstream_->deadline().start(timeout_, now_ms);
    }
  }

  bool running() const { return upstream_ != nullptr; }

  void on_upstream_event(UpstreamConnection& upstream) override {
    const int error = upstream.connect_result();
    if (error == EINPROGRESS) return;
    if (error == 0) {
      succeed();
    } else {
      end();
    }
  }
  void on_upstream_deadline(UpstreamConnection&) override { end(); }

 private:
  void succeed() {
    const std::uint64_t now = net::EventLoop::now_ms();
    const std::uint64_t since = table_.liveness(backend_.heritage.row).since_ms;
    if (table_.mark_live(backend_.heritage.row, now)) {
      log_.write(log::Severity::notice, "backend " + backend_.title() + " is live again after " +
                                            std::to_string((now - std::min(since, now)) / 1000) +
                                            " s");
    }
    end();
  }

  void end() {
    upstream_->close();
    loop_.dispose(std::move(upstream_));
  }

  const Backend& backend_;
  shm::BackendTable& table_;
  net::EventLoop& loop_;
  log::Log& log_;
  net::DeadlineList& timeout_;
  std::unique_ptr<UpstreamConnection> upstream_;
  std::size_t next_address_ = 0;
};

Probe::Probe(const Backends& backends, shm::BackendTable& table, std::chrono::seconds period,
             net::EventLoop& loop, net::DeadlineLists& deadlines, log::Log& log)
    : backends_(backends),
      table_(table),
      period_ms_(static_cast<std::uint64_t>(period.count()) * 1000) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const std::chrono::seconds longest = std::min(period, backends[i].config.connect_timeout);
    net::DeadlineList& timeout = deadlines.of(static_cast<std::uint64_t>(longest.count()) * 1000);
    attempts_.push_back(std::make_unique<Attempt>(backends[i], table, loop, log, timeout));
  }
}

Probe::~Probe() = default;

void Probe::tick(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    const BackendHeritage& backend = backends_[i].heritage;
    if (table_.is_live(backend.row) || backends_[i].addresses().empty() ||
        attempts_[i]->running()) {
      continue;
    }
    if (table_.claim_probe(backend.row, now_ms, period_ms_)) attempts_[i]->start(now_ms);
  }
}

}  // namespace worker::backend
