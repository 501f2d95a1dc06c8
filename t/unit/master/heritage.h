// A heritage as worker::prepare makes it, without a file: two identical backends, one whose name
// did not resolve, an HTTP listener, and an HTTPS listener without certificates.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <memory>

#include "conf/config.h"
#include "worker/heritage.h"

inline worker::net::SocketAddress loopback(std::uint16_t port) {
  worker::net::SocketAddress address;
  auto* name = reinterpret_cast<sockaddr_in*>(&address.storage);
  name->sin_family = AF_INET;
  name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name->sin_port = htons(port);
  address.size = sizeof *name;
  return address;
}

inline conf::Backend backend(const char* name, const char* address) {
  conf::Backend made;
  made.name = name;
  made.address = address;
  made.port = 80;
  return made;
}

inline worker::Heritage sample_heritage() {
  conf::Config config;
  config.backends = {backend("twin", "127.0.0.1"), backend("twin", "127.0.0.1"),
                     backend("lost", "nowhere.invalid")};
  config.backends[1].threads = 3;
  config.listeners.resize(2);
  config.listeners[0].address = "127.0.0.1";
  config.listeners[1].address = "127.0.0.1";
  config.listeners[1].port = 443;
  config.listeners[1].tls = conf::Tls{};
  worker::Heritage heritage;
  heritage.config = std::make_shared<const conf::Config>(std::move(config));
  heritage.backends.resize(3);
  heritage.backends[0].addresses = {loopback(80)};
  heritage.backends[1].addresses = {loopback(80)};
  heritage.backends[2].resolve_error = "no such name";
  heritage.listeners.resize(2);
  for (auto& listener : heritage.listeners) {
    listener.name = "127.0.0.1:0";
    listener.addresses = {loopback(0)};
  }
  heritage.workers = 2;
  return heritage;
}
