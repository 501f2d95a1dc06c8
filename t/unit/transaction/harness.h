// The parts of a worker that a transaction uses, without the process: a real segment and event
// loop, scripted backends and scripted clients.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "t/unit/store/fake_store.h"
#include "t/unit/transaction/fake_backend.h"
#include "t/unit/transaction/fake_exchange.h"
#include "t/unit/words.h"
#include "worker/net/wake.h"
#include "worker/route/listener.h"
#include "worker/transaction/context.h"

namespace transaction_test {

using Mode = FakeBackend::Mode;
using Calls = std::vector<std::string>;

inline constexpr std::uint64_t kClientMs = 5'000;    // `Client`
inline constexpr std::uint64_t kTimeOutMs = 15'000;  // `TimeOut`
inline constexpr std::uint64_t kConnToMs = 4'000;    // `ConnTO`
inline constexpr std::uint64_t kTunnelMs = 3'600'000;

// The configuration of a World. Its backends are "b1", "b2" …; one service of its only listener
// has them all.
struct Setup {
  std::vector<Mode> backends = {Mode::listening};
  std::function<void(conf::Config&)> change = [](conf::Config&) {};
  std::uint32_t detail = 0;
  bool has_store = false;  // for sessions: `fake_store`
};

class World {
 public:
  explicit World(const Setup& setup = {}) : config(make_config(setup)) {
    segment.log_detail() = setup.detail;
    make_listener();
    auth_heritage.files.push_back({"users", nullptr, {7, 8}});
    auth_heritage.channel = auth_channel.worker_end.get();
    REQUIRE(checks.start());
    context.random.seed(1);  // the same choices in every run
    loop.before_wait([](void* self) { static_cast<World*>(self)->store.flush(); }, this);
    if (!setup.has_store) return;
    store.start();
    REQUIRE(until([&] { return store.is_settled(); }));
    fake_store.commands.clear();
    lines();
  }
  ~World() {
    clients_.clear();
    net_test::turn(loop, 1);  // destroys the disposed objects
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A client without a request. The first one is `client()`.
  FakeExchange& add_client() {
    clients_.push_back(std::make_unique<FakeExchange>(context));
    return *clients_.back();
  }
  FakeExchange& client() { return clients_.empty() ? add_client() : *clients_.front(); }
  void remove_clients() { clients_.clear(); }

  // Starts a request of the client. `head` ends with an empty line.
  void ask(FakeExchange& client, std::string_view head) {
    std::size_t scanned = 0;
    worker::http::Refusal refusal;
    head_.clear();
    const worker::http::ParseStatus status =
        worker::http::parse_request_head(head, scanned, head_, refusal, listener->limits);
    REQUIRE(status != worker::http::ParseStatus::incomplete);
    const worker::transaction::RequestStart start{
        .listener = *listener,
        .peer_ip = "192.0.2.7",
        .tls = tls,
        .head = head_,
        .peer_is_trusted = listener_heritage.trusted != nullptr};
    if (status == worker::http::ParseStatus::refused) {
      client.transaction.start_refused(start, refusal);
    } else {
      client.transaction.start(start);
    }
  }
  void get(FakeExchange& client, const std::string& path = "/") {
    ask(client, "GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n");
  }
  void get() { get(client()); }

  // The time-out of a head that is not complete.
  void ask_too_late(FakeExchange& client) {
    head_.clear();
    client.transaction.start_too_late(
        {.listener = *listener, .peer_ip = "192.0.2.7", .tls = nullptr, .head = head_});
  }

  // Turns the loop until `holds`, and lets clients and backends read and write meanwhile.
  template <class Condition>
  bool until(Condition holds) {
    return net_test::await(loop, [&] {
      for (const auto& fake : fakes) fake->poll();
      fake_store.poll();
      for (const auto& one : clients_) {
        if (!std::exchange(one->wants_to_read_later, false)) continue;
        one->transaction.on_client_readable();
      }
      return holds();
    });
  }
  void turn(int turns = 3) {
    until([&] { return turns-- <= 0; });
  }
  bool until_end(const FakeExchange& client) {
    return until([&] { return client.ended; });
  }
  bool until_end() { return until_end(client()); }
  // Until the backend has the head of a request on its i-th connection.
  bool until_asked(std::size_t backend = 0, std::size_t i = 0) {
    return until([&] { return fakes[backend]->has_head(i); });
  }

  // Twice the time after which a request that waits may take another backend's slot.
  void wait_long() {
    const std::uint64_t begun = worker::net::EventLoop::now_ms();
    until([&] {
      return worker::net::EventLoop::now_ms() > begun + 2 * worker::route::kWaitedLongMs;
    });
  }

  void expire(std::uint64_t duration_ms) { net_test::expire(deadlines, duration_ms); }

  // Requests in service: of the listener, and of each backend.
  std::string slots() {
    std::string text = std::to_string(listener_gate().in_service(1));
    for (const worker::backend::BackendHeritage& one : heritages) {
      text += " " + std::to_string(segment.backends().gate(one.row).in_service(1));
    }
    return text;
  }
  shm::Gate listener_gate() { return segment.listeners().gate(listener_heritage.row); }
  bool is_live(std::size_t backend) { return segment.backends().is_live(heritages[backend].row); }
  // As the master does it when the name of the first backend has other addresses.
  void publish(const std::vector<worker::net::SocketAddress>& addresses) {
    std::vector<shm::Address> packed;
    for (const worker::net::SocketAddress& one : addresses) {
      shm::Address& address = packed.emplace_back();
      address.size = one.size;
      std::memcpy(address.bytes.data(), &one.storage, one.size);
    }
    segment.backend_addresses().publish(heritages[0].row, heritages[0].id, packed);
  }
  // Access records since the last call, without client, date and duration:
  // "GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1
  std::vector<std::string> records() {
    read_log();
    return std::exchange(records_, {});
  }
  // All other lines, with PORT for the number of a backend's.
  std::vector<std::string> lines() {
    read_log();
    return std::exchange(lines_, {});
  }

 private:
  conf::Config make_config(const Setup& setup) {
    conf::Config made;
    conf::Service service;
    for (std::size_t i = 0; i < setup.backends.size(); ++i) {
      fakes.push_back(std::make_unique<FakeBackend>(setup.backends[i]));
      conf::Backend one;
      one.name = "b" + std::to_string(i + 1);
      one.address = "127.0.0.1";
      one.port = fakes.back()->port();
      one.timeout = std::chrono::seconds(kTimeOutMs / 1000);
      one.connect_timeout = std::chrono::seconds(kConnToMs / 1000);
      made.backends.push_back(std::move(one));
      service.backends.push_back(i);
    }
    conf::Listener& one = made.listeners.emplace_back();
    one.address = "192.0.2.1";
    one.port = 80;
    one.client = one.body = std::chrono::seconds(kClientMs / 1000);
    one.queue = std::chrono::seconds(kTimeOutMs / 1000);
    one.buffer = 0;  // most cases are about bodies that are not collected
    one.services.push_back(std::move(service));
    made.global.access_log = {conf::AccessLog::Kind::common};
    if (setup.has_store) {
      made.global.session_store.emplace().servers.push_back({"127.0.0.1", {}});
      made.global.session_store->timeout = std::chrono::seconds(5);
      store_heritage.servers.push_back(fake_store.server.address());
      store_keys = {{5, 6}};
    }
    setup.change(made);
    return made;
  }

  std::vector<worker::backend::BackendHeritage> make_heritages() {
    std::vector<worker::backend::BackendHeritage> made;
    for (std::size_t i = 0; i < config.backends.size(); ++i) {
      worker::backend::BackendHeritage one;
      one.addresses = {fakes[i]->address()};
      one.head_add = "X-Backend: " + config.backends[i].name + "\r\n";
      one.id = i + 1;
      one.row = *segment.backends().enroll(one.id, config.backends[i].threads, 0);
      one.published = &segment.backend_addresses();
      made.push_back(std::move(one));
    }
    return made;
  }
  worker::backend::Backends make_backends() {
    worker::backend::Backends made;
    for (std::size_t i = 0; i < config.backends.size(); ++i) {
      made.add(std::make_unique<worker::backend::Backend>(
          config.backends[i], heritages[i], loop, deadlines, queues,
          segment.backends().slots(heritages[i].row)));
    }
    return made;
  }
  void make_listener() {
    const conf::Listener& wanted = config.listeners[0];
    listener_heritage.name = "192.0.2.1:" + std::to_string(wanted.port);
    listener_heritage.row = *segment.listeners().enroll(1, wanted.threads);
    std::vector<shm::ServiceId> services;
    for (std::size_t i = 0; i < wanted.services.size(); ++i) services.push_back(i + 1);
    listener_heritage.service_rows = *segment.services().enroll(services);
    listener_heritage.limits = make_limits(wanted.client_limits);
    for (const conf::Service& service : wanted.services) {
      listener_heritage.service_limits.push_back(make_limits(service.client_limits));
    }
    listener_heritage.allowed_methods = worker::http::kAllowedMethods;
    listener_heritage.service_allowed.resize(wanted.services.size());
    listener_heritage.service_clients.resize(wanted.services.size());
    listener_heritage.service_pages.resize(wanted.services.size());
    for (const conf::Service& service : wanted.services) {
      listener_heritage.service_users.push_back(service.auth ? std::optional<std::uint32_t>(0)
                                                             : std::nullopt);
    }
    listener = std::make_unique<worker::route::Listener>(wanted, listener_heritage, deadlines,
                                                         queues, segment.listeners(), row);
    std::vector<shm::BackendId> ids;
    for (const worker::backend::BackendHeritage& one : heritages) ids.push_back(one.id);
    const std::vector<std::string> keys{"a key for cookies"};
    worker::route::add_services(*listener, config, ids,
                                {{1, 2}, keys, segment.sessions(), store_keys});
    worker::route::add_limits(*listener, {1, 2}, segment, row);
  }
  std::vector<worker::route::LimitHeritage> make_limits(
      const std::vector<conf::ClientLimit>& limits) {
    std::vector<worker::route::LimitHeritage> made;
    for (std::size_t i = 0; i < limits.size(); ++i) {
      const shm::LimitId id = segment.limits().size() + 1;
      made.push_back({*segment.limits().enroll(id), id});
    }
    return made;
  }

  // CLIENT - - [DATE] "REQUEST LINE" STATUS BYTES SERVICE BACKEND MILLISECONDS reason=REASON
  static std::string without_times(const std::string& record) {
    const std::size_t begin = record.find("] ") + 2;
    const std::size_t end = std::min(record.rfind(" reason="), record.size());
    const std::size_t duration = record.rfind(' ', end - 1);
    return record.substr(begin, duration - begin) + record.substr(end);
  }

  void read_log() {
    int priority = 0;
    std::string text;
    while (reader.read(segment.log_ring(row), priority, text)) {
      if (text.starts_with("192.0.2.7 - ")) {
        user = text.substr(12, text.find(' ', 12) - 12);
        records_.push_back(without_times(text));
        continue;
      }
      for (const auto& fake : fakes) {
        const std::string number = ":" + std::to_string(fake->port());
        const std::size_t at = text.find(number);
        if (at != std::string::npos) text.replace(at, number.size(), ":PORT");
      }
      lines_.push_back(text);
    }
  }

 public:
  shm::Segment segment;
  shm::LogReader reader;
  worker::net::WakePair wake_pair = worker::net::make_wake_pair().value();
  worker::net::WakePair doorbell = worker::net::make_wake_pair().value();
  std::vector<int> wake_fds{wake_pair.waker.get()};
  shm::Row row = segment.workers().take(0, 1).value();
  std::vector<std::unique_ptr<FakeBackend>> fakes;
  store_test::FakeStore fake_store;
  worker::store::Heritage store_heritage;
  std::vector<worker::route::HashSecret> store_keys;
  conf::Config config;

  worker::net::EventLoop loop;
  worker::net::DeadlineLists deadlines;
  worker::net::ReadBuffer buffer;
  worker::log::Log log{segment.log_ring(row), doorbell.waker.get(), segment.log_detail()};
  worker::log::AccessLog access_log{log};
  worker::log::ActivityNote activity{segment.workers(), row};
  worker::route::WaitQueues queues{loop, segment.workers(), segment.client_shares(),
                                   row,  wake_fds,          wake_pair.sleeper.get()};
  std::vector<worker::backend::BackendHeritage> heritages{make_heritages()};
  worker::backend::Backends backends{make_backends()};
  worker::backend::Health health{segment.backends(), row, log};
  worker::backend::Probe probe{backends, segment.backends(), health, config.global.alive,
                               loop,     deadlines,          log};
  worker::route::ListenerHeritage listener_heritage;
  std::unique_ptr<worker::route::Listener> listener;
  worker::http::ErrorPages pages;
  worker::transaction::BufferBudget budget{std::uint64_t{1} << 20};
  worker::auth::Channel auth_channel = worker::auth::make_channel();
  worker::auth::Heritage auth_heritage;
  worker::auth::Checks checks{
      loop, deadlines, auth_heritage, {segment.auth(), segment.attempts()}, {1, 2}};
  worker::store::SessionStore store{
      loop,
      config.global.session_store ? &*config.global.session_store : nullptr,
      store_heritage,
      segment.store(),
      row,
      log};
  worker::serve::State served{.segment = segment, .names = {}, .page_fields = {}};
  worker::transaction::Context context{.loop = loop,
                                       .log = log,
                                       .access_log = access_log,
                                       .activity = activity,
                                       .segment = segment,
                                       .row = row,
                                       .client_secret = {3, 4},
                                       .pages = pages,
                                       .backends = backends,
                                       .budget = budget,
                                       .checks = checks,
                                       .store = store,
                                       .health = health,
                                       .probe = probe,
                                       .buffer = buffer,
                                       .served = served};
  const ssl_st* tls = nullptr;  // of the clients' connections
  std::string user;             // of the last record that was read

 private:
  worker::http::RequestHead head_;
  std::vector<std::unique_ptr<FakeExchange>> clients_;
  std::vector<std::string> records_;
  std::vector<std::string> lines_;
};

// Two backends. The balancer chooses the first one while it is live.
inline Setup first_of_two(Mode mode) {
  return {.backends = {mode, Mode::listening}, .change = [](conf::Config& config) {
            config.backends[0].threads = 60'000;  // also its weight
            config.backends[1].threads = 1;
          }};
}

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Every transaction ends with exactly these calls, exactly this record, and no slot held.
inline void check_end(World& world, FakeExchange& client, const Calls& calls,
                      const std::string& record) {
  CHECK(client.ended);
  CHECK(client.calls == calls);
  CHECK(world.records() == std::vector<std::string>{record});
  for (const char slot : world.slots()) CHECK((slot == '0' || slot == ' '));
}

}  // namespace transaction_test
