// What a worker makes of a listener's configuration.
#include "worker/route/listener.h"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "shm/segment.h"
#include "worker/net/wake.h"

namespace {

struct World {
  worker::route::Listener make(const conf::Listener& config) {
    return {config, heritage, deadlines, queues, segment.listeners(), 0};
  }

  shm::Segment segment;
  worker::route::ListenerHeritage heritage = {.name = "192.0.2.1:443",
                                              .addresses = {},
                                              .row = *segment.listeners().enroll(1, 8),
                                              .service_rows = {},
                                              .limits = {},
                                              .service_limits = {},
                                              .sockets = {},
                                              .trusted = nullptr,
                                              .tls = nullptr,
                                              .certificates = nullptr,
                                              .allowed = {},
                                              .service_allowed = {},
                                              .client_field = {},
                                              .clients = {},
                                              .service_clients = {},
                                              .service_users = {},
                                              .allowed_methods = "",
                                              .pages = {},
                                              .service_pages = {}};
  worker::net::EventLoop loop;
  worker::net::DeadlineLists deadlines;
  worker::net::WakePair pair = worker::net::make_wake_pair().value();
  std::vector<int> wake_fds{pair.waker.get()};
  worker::route::WaitQueues queues{
      loop,     segment.workers(), segment.client_shares(), segment.workers().take(0, 1).value(),
      wake_fds, pair.sleeper.get()};
};

}  // namespace

TEST_CASE("listener: only an HTTPS listener with HSTS sends Strict-Transport-Security") {
  World world;
  conf::Listener config;
  CHECK(world.make(config).hsts.empty());
  config.tls.emplace();
  CHECK(world.make(config).hsts.empty());
  config.tls->hsts = std::chrono::seconds(86400);
  CHECK(world.make(config).hsts == "Strict-Transport-Security: max-age=86400\r\n");
}

TEST_CASE("listener: the limits of heads and bodies, where 0 bytes of a body mean no limit") {
  World world;
  conf::Listener config;
  config.limits.uri = 100;
  config.limits.header = 1000;
  config.limits.headers = 10;
  config.limits.request = 5000;
  const worker::http::Limits limits = world.make(config).limits;
  CHECK(limits.request_line == 100);
  CHECK(limits.head == 1000);
  CHECK(limits.fields == 10);
  CHECK(limits.body == 5000);
  config.limits.request = 0;
  CHECK(world.make(config).limits.body == worker::http::kNoLimit);
}

TEST_CASE("listener: rates become bytes per span") {
  World world;
  conf::Listener config;
  config.client = std::chrono::seconds(5);
  config.limits.min_rate = 100;
  const worker::route::Listener listener = world.make(config);
  CHECK(listener.pace.min_bytes == 500);
  CHECK(listener.pace.crowded_bytes == 5 * 1024);
  CHECK(listener.surplus_pace.min_bytes == 0);
  CHECK(listener.surplus_pace.crowded_bytes == 16 * 1024);
  CHECK(&listener.pace.span == &world.deadlines.of(5000));
  CHECK(&listener.surplus_pace.span == &world.deadlines.of(1000));
}

TEST_CASE("listener: each service has its number in the name, its row and its configuration") {
  World world;
  world.heritage.service_rows = {5, 3};
  world.heritage.service_clients.resize(2);
  world.heritage.service_clients[1].only_listed = true;
  world.heritage.service_pages.resize(2);
  conf::Config config;
  config.backends.resize(2);
  conf::Listener& configured = config.listeners.emplace_back();
  configured.services.resize(2);
  configured.services[0].backends = {0};
  configured.services[1].backends = {0, 1};
  worker::route::Listener listener = world.make(configured);
  const std::vector<std::string> keys{"a key for cookies"};
  worker::route::add_services(listener, config, {11, 12},
                              {{1, 2}, keys, world.segment.sessions(), {}});
  REQUIRE(listener.services.size() == 2);
  CHECK(listener.services[0].name == "192.0.2.1:443/1");
  CHECK(listener.services[1].name == "192.0.2.1:443/2");
  CHECK(listener.services[0].row == 5);
  CHECK(listener.services[1].row == 3);
  CHECK(listener.services[1].clients.only_listed);
  CHECK(&listener.services[1].config == &configured.services[1]);
}
