// What all connections of one worker share: see worker_context.h.
#include "worker/worker_context.h"

#include "conf/address.h"
#include "shm/segment.h"
#include "worker/client/connection.h"
#include "worker/tls/context.h"
#include "worker/transaction/transaction.h"

namespace worker {

namespace {

route::Balancer make_balancer(const conf::Config& config, const conf::Service& service) {
  std::vector<unsigned> weights;
  for (const std::size_t i : service.backends) weights.push_back(config.backends[i].weight());
  return route::Balancer(weights);
}

route::SessionAffinity make_affinity(const Heritage& heritage, const net::SocketAddress& listener,
                                     const conf::Service& service, std::uint32_t row) {
  std::vector<shm::BackendId> ids;
  for (const std::size_t i : service.backends) ids.push_back(heritage.backends[i].id);
  return route::SessionAffinity(service.session, route::service_identity(listener, service), row,
                                heritage.session_secret, heritage.segment->sessions(),
                                std::move(ids));
}

}  // namespace

std::string BackendRuntime::title() const {
  return config.name + " (" + conf::host_port(config.address, config.port) + ")";
}

http::Limits limits_of(const conf::Listener& listener) {
  static_assert(conf::Limits().uri == http::kMaxRequestLine);
  static_assert(conf::Limits().header == http::kMaxHead);
  static_assert(conf::Limits().headers == http::kMaxFields);
  static_assert(conf::kMostHeaders <= http::kFieldCapacity);
  const conf::Limits& limits = listener.limits;
  return {.request_line = limits.uri,
          .head = limits.header,
          .fields = limits.headers,
          .body = limits.request != 0 ? limits.request : http::kNoLimit};
}

std::string hsts_line(const conf::Listener& listener) {
  if (!listener.tls || listener.tls->hsts.count() == 0) return {};
  return "Strict-Transport-Security: max-age=" + std::to_string(listener.tls->hsts.count()) +
         "\r\n";
}

WorkerContext::WorkerContext(const Heritage& inherited)
    : heritage(inherited),
      segment(*inherited.segment),
      log(segment.log_ring(inherited.row), inherited.doorbell, inherited.detail),
      access_log(inherited.config->global.access_log, loop, log),
      linger_timeout(deadlines.of(kLingerMs)),
      tunnel_timeout(deadlines.of(kTunnelIdleMs)),
      newcomer_timeout(deadlines.of(kNewcomerMs)),
      patience_timeout(deadlines.of(kPatienceMs)),
      queues(loop, segment.workers(), inherited.row, inherited.wake_fds),
      random(std::random_device()()),
      read_buffer(std::make_unique_for_overwrite<char[]>(kReadBufferSize)),
      workers_(segment.workers()) {
  const conf::Config& config = *inherited.config;
  for (std::size_t i = 0; i < config.backends.size(); ++i) {
    backends.push_back(std::make_unique<BackendRuntime>(
        config.backends[i], inherited.backends[i], loop, deadlines, queues,
        segment.backends().gate(inherited.backends[i].row)));
  }
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    auto listener = std::make_unique<ListenerRuntime>(
        config.listeners[i], inherited.listeners[i], deadlines, queues,
        segment.listeners().gate(inherited.listeners[i].row));
    for (std::size_t j = 0; j < listener->config.services.size(); ++j) {
      const conf::Service& service = listener->config.services[j];
      const std::uint32_t row = listener->heritage.service_rows[j];
      const net::SocketAddress& address = listener->heritage.address;
      listener->services.push_back({route::service_name(address, j), row, service,
                                    make_balancer(config, service),
                                    make_affinity(inherited, address, service, row)});
    }
    if (const auto& tls = inherited.listeners[i].tls) tls->use_tickets(segment.ticket_keys());
    listeners.push_back(std::move(listener));
  }
}

WorkerContext::~WorkerContext() = default;

std::unique_ptr<transaction::Transaction> WorkerContext::take_transaction() {
  if (spare_transactions_.empty()) return std::make_unique<transaction::Transaction>(*this);
  std::unique_ptr<transaction::Transaction> transaction = std::move(spare_transactions_.back());
  spare_transactions_.pop_back();
  return transaction;
}

void WorkerContext::give_back(std::unique_ptr<transaction::Transaction> transaction) {
  if (spare_transactions_.size() < kMaxSpareTransactions) {
    spare_transactions_.push_back(std::move(transaction));
  } else {
    loop.dispose(std::move(transaction));  // one of its methods may be on the stack
  }
}

bool WorkerContext::close_idle_upstreams() {
  bool any = false;
  for (const std::unique_ptr<BackendRuntime>& backend : backends) {
    any = any || backend->pool.size() != 0;
    backend->pool.clear();
  }
  return any;
}

void WorkerContext::adopt(std::unique_ptr<client::ClientConnection> client) {
  client::ClientConnection& adopted = *client;
  adopted.place_ = static_cast<std::uint32_t>(clients_.size());
  clients_.push_back(std::move(client));
  segment.workers().set_clients(heritage.row, static_cast<std::uint32_t>(clients_.size()));
  adopted.start();
}

void WorkerContext::dismiss(client::ClientConnection& client) {
  const std::uint32_t place = client.place_;
  loop.dispose(std::move(clients_[place]));
  if (place + 1 != clients_.size()) {
    clients_[place] = std::move(clients_.back());
    clients_[place]->place_ = place;
  }
  clients_.pop_back();
  ++clients_left_;
  segment.workers().set_clients(heritage.row, static_cast<std::uint32_t>(clients_.size()));
  if (draining && clients_.empty()) loop.stop();
}

std::size_t WorkerContext::cut_off(std::string_view reason) {
  std::size_t count = 0;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (!clients_[i]->is_idle()) ++count;
    clients_[i]->cut_off(reason);
  }
  return count;
}

void WorkerContext::drain(bool patiently) {
  draining = true;
  patient = patiently;
  // From the end: who leaves is replaced by the last one, which was looked at already.
  for (std::size_t i = clients_.size(); i-- > 0;) clients_[i]->drain();
  if (clients_.empty()) loop.stop();
}

}  // namespace worker
