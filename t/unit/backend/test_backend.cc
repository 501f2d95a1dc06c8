#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "t/unit/backend/harness.h"

using namespace backend_test;

TEST_CASE("backend: the title holds the name and the configured address") {
  House house;
  const std::string port = std::to_string(house.config[0].port);
  CHECK(house.backends[0].title() == "b1 (127.0.0.1:" + port + ")");
  house.config[0].address = "2001:db8::1";
  CHECK(house.backends[0].title() == "b1 ([2001:db8::1]:" + port + ")");
  house.config[0].address = "app.test";
  CHECK(house.backends[0].title() == "b1 (app.test:" + port + ")");
}

TEST_CASE(
    "backend: close_idle closes the idle connections of all backends and says whether any "
    "existed") {
  House house({Mode::listening, Mode::listening});
  CHECK(house.backends.size() == 2);
  CHECK(!house.backends.close_idle());
  house.backends[0].pool.put(house.connect(0));
  house.backends[1].pool.put(house.connect(1));
  house.backends[1].pool.put(house.connect(1));
  CHECK(house.backends.close_idle());
  CHECK(house.backends[0].pool.size() == 0);
  CHECK(house.backends[1].pool.size() == 0);
  CHECK(house.until([&] {
    return house.fakes[0]->is_closed() && house.fakes[1]->is_closed(0) &&
           house.fakes[1]->is_closed(1);
  }));
  CHECK(!house.backends.close_idle());
}

TEST_CASE("backend: addresses that the master publishes take the place of those before") {
  House house({Mode::listening, Mode::listening});
  worker::backend::Backend& backend = house.backends[0];
  const worker::net::SocketAddress first = house.fakes[0]->address();
  const worker::net::SocketAddress second = house.fakes[1]->address();
  const auto ports = [&] {
    std::vector<std::uint16_t> all;
    for (const auto& one : backend.addresses()) all.push_back(worker::net::port_of(one));
    return all;
  };
  using Ports = std::vector<std::uint16_t>;
  CHECK(ports() == Ports{house.fakes[0]->port()});
  house.publish(0, {first, second});
  CHECK(ports() == Ports{house.fakes[0]->port()});  // until it is told to look
  backend.refresh_addresses();
  CHECK(ports() == Ports{house.fakes[0]->port(), house.fakes[1]->port()});
  const worker::backend::AddressList* const list = backend.address_list().get();
  backend.refresh_addresses();
  CHECK(backend.address_list().get() == list);
  house.publish(0, {});  // then what it inherited counts
  backend.refresh_addresses();
  CHECK(backend.address_list().get() == list);
  house.publish(0, {second});
  backend.refresh_addresses();
  CHECK(ports() == Ports{house.fakes[1]->port()});
}

TEST_CASE("backend: addresses for a name that had none, but not those of another backend") {
  House house({Mode::listening, Mode::listening});
  worker::backend::Backend& backend = house.backends[0];
  house.heritages[0].addresses.clear();
  CHECK(backend.addresses().empty());
  house.heritages[0].id = 99;  // the row was given to this backend
  house.publish(0, {house.fakes[1]->address()});
  house.heritages[0].id = 1;
  backend.refresh_addresses();
  CHECK(backend.addresses().empty());
  house.publish(0, {house.fakes[0]->address()});
  backend.refresh_addresses();
  CHECK(backend.addresses().size() == 1);
}

TEST_CASE("backend: idle connections to an address that is gone are closed, others stay") {
  House house({Mode::listening, Mode::listening});
  worker::backend::Backend& backend = house.backends[0];
  house.publish(0, {house.fakes[0]->address(), house.fakes[1]->address()});
  const auto busy = house.connect(0);
  backend.pool.put(house.connect(0));
  backend.pool.put(house.connect(1));
  CHECK(backend.has(*busy));
  house.publish(0, {house.fakes[1]->address()});
  CHECK(!backend.has(*busy));
  CHECK(backend.pool.size() == 1);
  CHECK(house.until([&] { return house.fakes[0]->is_closed(1); }));
  CHECK(!house.fakes[0]->is_closed(0));
  const auto left = backend.pool.take();
  REQUIRE(left);
  CHECK(left->address() == worker::backend::key_of(house.fakes[1]->address()));
  left->close();
  busy->close();
}

TEST_CASE("backend connection: a refused connect gives its errno, at once or with an event") {
  House house({Mode::refusing});
  worker::backend::UpstreamConnection upstream(house.loop);
  struct Listener final : worker::backend::UpstreamUser {
    void on_upstream_event(worker::backend::UpstreamConnection& one) override {
      if (result != EINPROGRESS) return;
      result = one.connect_result();
      if (result != EINPROGRESS) one.close();
    }
    void on_upstream_deadline(worker::backend::UpstreamConnection&) override {}
    int result = EINPROGRESS;
  } listener;
  upstream.set_user(listener);
  listener.result = upstream.connect(house.fakes[0]->address());
  if (listener.result == 0) {
    listener.result = EINPROGRESS;
    CHECK(upstream.connecting());
    CHECK(house.until([&] { return listener.result != EINPROGRESS; }));
  }
  CHECK(listener.result == ECONNREFUSED);
}

TEST_CASE(
    "backend connection: while it connects it has no result, and its deadline calls its user") {
  House house({Mode::deaf});
  worker::backend::UpstreamConnection upstream(house.loop);
  struct Listener final : worker::backend::UpstreamUser {
    void on_upstream_event(worker::backend::UpstreamConnection&) override {}
    void on_upstream_deadline(worker::backend::UpstreamConnection&) override { ++deadlines; }
    int deadlines = 0;
  } listener;
  upstream.set_user(listener);
  REQUIRE(upstream.connect(house.fakes[0]->address()) == 0);
  CHECK(upstream.connecting());
  CHECK(upstream.connect_result() == EINPROGRESS);
  upstream.deadline().start(house.deadlines.of(1000), worker::net::EventLoop::now_ms());
  net_test::expire(house.deadlines, 1000);
  CHECK(listener.deadlines == 1);
  // close() stops the deadline.
  upstream.deadline().start(house.deadlines.of(1000), worker::net::EventLoop::now_ms());
  upstream.close();
  net_test::expire(house.deadlines, 1000);
  CHECK(listener.deadlines == 1);
}

TEST_CASE("backend connection: a connect that succeeds at once") {
  // On the loopback, TCP always makes one wait for an event. A UNIX socket does not.
  House house;
  const worker::net::UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  worker::net::SocketAddress address;
  address.storage.ss_family = AF_UNIX;
  address.size = sizeof(sa_family_t);  // the kernel chooses an abstract name
  auto* const generic = reinterpret_cast<sockaddr*>(&address.storage);
  REQUIRE(::bind(listening.get(), generic, address.size) == 0);
  address.size = sizeof address.storage;
  REQUIRE(::getsockname(listening.get(), generic, &address.size) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  worker::backend::UpstreamConnection upstream(house.loop);
  errno = 0;
  CHECK(upstream.connect(address) == 0);
  CHECK_FALSE(upstream.connecting());
  upstream.close();
}

TEST_CASE("backend connection: once it is connected, it waits no more for room to write") {
  House house;
  const auto upstream = house.connect();
  CHECK_FALSE(upstream->connecting());
  CHECK_FALSE(upstream->endpoint().wants_write());
  upstream->close();
}
