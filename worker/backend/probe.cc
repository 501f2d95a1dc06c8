// Brings dead backends back: see probe.h.
#include "worker/backend/probe.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "shm/segment.h"

namespace worker::backend {

// One backend's probing by this worker: at most one connection at a time.
class Probe::Attempt final : public UpstreamUser {
 public:
  Attempt(WorkerContext& worker, BackendRuntime& backend, std::uint64_t period_ms)
      : worker_(worker),
        backend_(backend),
        timeout_(worker.deadlines.of(
            std::min(period_ms,
                     static_cast<std::uint64_t>(backend.config.connect_timeout.count()) * 1000))) {}

  void start(std::uint64_t now_ms) {
    const std::vector<net::SocketAddress>& addresses = backend_.heritage.addresses;
    upstream_ = std::make_unique<UpstreamConnection>(worker_.loop);
    upstream_->set_user(*this);
    // A name may have several addresses: each in its turn.
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
    shm::BackendTable& table = worker_.segment.backends();
    const std::uint64_t now = net::EventLoop::now_ms();
    const std::uint64_t since = table.liveness(backend_.heritage.row).since_ms;
    if (table.mark_live(backend_.heritage.row, now)) {
      worker_.log.write(log::Severity::notice,
                        "backend " + backend_.title() + " is live again after " +
                            std::to_string((now - std::min(since, now)) / 1000) + " s");
    }
    end();
  }

  void end() {
    upstream_->close();
    worker_.loop.dispose(std::move(upstream_));
  }

  WorkerContext& worker_;
  BackendRuntime& backend_;
  net::DeadlineList& timeout_;
  std::unique_ptr<UpstreamConnection> upstream_;
  std::size_t next_address_ = 0;
};

Probe::Probe(WorkerContext& worker)
    : worker_(worker),
      period_ms_(static_cast<std::uint64_t>(worker.heritage.config->global.alive.count()) * 1000) {
  for (const std::unique_ptr<BackendRuntime>& backend : worker.backends) {
    attempts_.push_back(std::make_unique<Attempt>(worker, *backend, period_ms_));
  }
}

Probe::~Probe() = default;

void Probe::tick(std::uint64_t now_ms) {
  shm::BackendTable& table = worker_.segment.backends();
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    const BackendHeritage& backend = worker_.backends[i]->heritage;
    if (table.is_live(backend.row) || backend.addresses.empty() || attempts_[i]->running())
      continue;
    if (table.claim_probe(backend.row, now_ms, period_ms_)) attempts_[i]->start(now_ms);
  }
}

}  // namespace worker::backend
