#include "worker/route/hash_key.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using conf::HashKey;
using worker::route::hash_of;

std::uint64_t hash(const HashKey& key, const std::string& text,
                   std::string_view client = "192.0.2.7") {
  worker::http::RequestHead head;
  worker::http::Refusal refusal;
  std::size_t scanned = 0;
  REQUIRE(worker::http::parse_request_head(text, scanned, head, refusal) ==
          worker::http::ParseStatus::complete);
  return hash_of(key, head, client);
}

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

conf::Backend backend(const std::string& name, const std::string& address, std::uint16_t port) {
  conf::Backend made;
  made.name = name;
  made.address = address;
  made.port = port;
  return made;
}

}  // namespace

TEST_CASE("hash_key: by address, the network of a customer counts") {
  const HashKey key;
  CHECK(hash(key, get("/"), "192.0.2.7") == hash(key, get("/b"), "192.0.2.7"));
  CHECK(hash(key, get("/"), "192.0.2.7") != hash(key, get("/"), "192.0.2.8"));
  CHECK(hash(key, get("/"), "2001:db8:1:2::7") == hash(key, get("/"), "2001:db8:1:2:ffff::8"));
  CHECK(hash(key, get("/"), "2001:db8:1:2::7") != hash(key, get("/"), "2001:db8:1:3::7"));
}

TEST_CASE("hash_key: by path, the query does not count") {
  const HashKey key{.kind = HashKey::Kind::path};
  CHECK(hash(key, get("/a?x=1"), "192.0.2.7") == hash(key, get("/a"), "192.0.2.8"));
  CHECK(hash(key, get("/a")) != hash(key, get("/A")));
  CHECK(hash(key, get("/a")) != hash(key, get("/a/")));
  CHECK(hash(key, get("/a")) == worker::route::fixed_hash("/a"));
}

TEST_CASE("hash_key: by a header or a cookie, and by the address without it") {
  const std::uint64_t address = hash({}, get("/"));
  const HashKey header{.kind = HashKey::Kind::header, .name = "X-Tenant"};
  CHECK(hash(header, get("/", "x-tenant: a\r\n")) == worker::route::fixed_hash("a"));
  CHECK(hash(header, get("/")) == address);
  CHECK(hash(header, get("/", "X-Tenant:\r\n")) == address);
  const HashKey cookie{.kind = HashKey::Kind::cookie, .name = "id"};
  CHECK(hash(cookie, get("/", "Cookie: x=1; id=a\r\n")) == worker::route::fixed_hash("a"));
  CHECK(hash(cookie, get("/", "Cookie: ID=a\r\n")) == address);
  CHECK(hash(cookie, get("/", "Cookie: id=" + std::string(4097, 'a') + "\r\n")) == address);
}

TEST_CASE("hash_key: the fixed hash keeps its values, by which keys find their backends") {
  CHECK(worker::route::fixed_hash("") == 10364595645950055012u);
  CHECK(worker::route::fixed_hash("192.0.2.1:80") == 503018735770671428u);
}

TEST_CASE("hash_key: a backend is its address, port and name of TLS, whatever its anchor is") {
  conf::Config config;
  config.backends = {backend("a", "192.0.2.1", 80), backend("b", "192.0.2.1", 8080),
                     backend("c", "2001:db8::1", 80), backend("d", "192.0.2.1", 80),
                     backend("e", "app.example", 443)};
  config.backends[4].tls.emplace();
  config.backends[4].tls->name = "www.example.com";
  using Names = std::vector<std::string>;
  CHECK(worker::route::backend_identities(config, {0, 1, 2, 4}) ==
        Names{"192.0.2.1:80", "192.0.2.1:8080", "[2001:db8::1]:80",
              "app.example:443 www.example.com"});
  CHECK(worker::route::backend_identities(config, {3, 1, 0}) ==
        Names{"192.0.2.1:80", "192.0.2.1:8080", "192.0.2.1:80 #2"});
  config.backends[4].tls->name.clear();
  CHECK(worker::route::backend_identities(config, {4}) == Names{"app.example:443"});
}
