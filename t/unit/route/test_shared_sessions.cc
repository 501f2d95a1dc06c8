// What makes a session the same one on several machines.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/route/shared_sessions.h"

namespace {

using Type = conf::SessionPolicy::Type;
using worker::route::HashSecret;
using worker::route::SharedKeys;
using worker::route::Sharings;

const std::vector<HashSecret> kKeys{{1, 2}};

conf::Backend backend(std::uint16_t port) {
  conf::Backend one;
  one.address = "192.0.2.9";
  one.port = port;
  return one;
}

conf::Service service(std::vector<std::size_t> backends, Type type = Type::ip) {
  conf::Service one;
  one.backends = std::move(backends);
  one.session.type = type;
  return one;
}

// Two listeners, which differ by their address, with these services.
conf::Config site(const std::string& address, const std::vector<conf::Service>& first,
                  const std::vector<conf::Service>& second = {}) {
  conf::Config config;
  for (const std::uint16_t port : {81, 82, 83}) config.backends.push_back(backend(port));
  for (const auto& services : {first, second}) {
    conf::Listener& one = config.listeners.emplace_back();
    one.address = address;
    one.port = static_cast<std::uint16_t>(config.listeners.size());
    one.services = services;
  }
  return config;
}

SharedKeys keys_of(const conf::Config& config, std::size_t listener, std::size_t index,
                   const std::string& text = "a client") {
  return Sharings(config, kKeys).of(config.listeners[listener].services[index]).keys_of(text);
}

}  // namespace

TEST_CASE("shared sessions: machines with other addresses agree, and so do their listeners") {
  const conf::Config one = site("192.0.2.1", {service({0, 1})}, {service({1, 0})});
  const conf::Config other = site("192.0.2.2", {service({0, 1})}, {service({0, 1})});
  const SharedKeys key = keys_of(one, 0, 0);
  CHECK(key.count == 1);
  CHECK(key.all == keys_of(other, 0, 0).all);
  CHECK(key.all == keys_of(one, 1, 0).all);
  CHECK(key.all != keys_of(one, 0, 0, "another client").all);
}

TEST_CASE("shared sessions: services with equal conditions and other backends are apart") {
  const conf::Config config = site("192.0.2.1", {service({0, 1})}, {service({2}), service({0, 1})});
  CHECK(keys_of(config, 0, 0).all != keys_of(config, 1, 0).all);
  CHECK(keys_of(config, 0, 0).all == keys_of(config, 1, 1).all);
}

TEST_CASE(
    "shared sessions: another kind of session, another key or another secret is another one") {
  const conf::Config config = site("192.0.2.1", {service({0}), service({0}, Type::cookie)});
  CHECK(keys_of(config, 0, 0).all != keys_of(config, 0, 1).all);
  const std::vector<HashSecret> keys{{3, 4}, {1, 2}};
  const auto sharing = Sharings(config, keys).of(config.listeners[0].services[0]);
  const SharedKeys both = sharing.keys_of("a client");
  CHECK(both.count == 2);
  CHECK(both.all[1] == keys_of(config, 0, 0).all[0]);
  CHECK(both.all[0] != both.all[1]);
}

TEST_CASE("shared sessions: without a store, and where there is nothing to share, there are none") {
  const conf::Config config =
      site("192.0.2.1", {service({0}), service({0}, Type::none), service({0}, Type::insert)});
  CHECK(Sharings(config, {}).of(config.listeners[0].services[0]).keys_of("x").empty());
  CHECK(keys_of(config, 0, 1).empty());
  CHECK(keys_of(config, 0, 2).empty());
}

TEST_CASE("shared sessions: backends are known by what they are") {
  const conf::Config config = site("192.0.2.1", {service({2, 0, 0})});
  const auto sharing = Sharings(config, kKeys).of(config.listeners[0].services[0]);
  CHECK(sharing.backends ==
        std::vector<std::string>{"192.0.2.9:83", "192.0.2.9:81", "192.0.2.9:81 #2"});
  CHECK(sharing.index_of("192.0.2.9:81") == 1);
  CHECK(!sharing.index_of("192.0.2.9:82"));
}
