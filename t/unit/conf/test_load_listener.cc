// Tests of conf/load_listener: each key of both kinds of listener, and their order.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using conf_test::names_of;

using Names = std::vector<std::string>;

std::vector<conf::Listener> listeners(const std::string& text) {
  const auto loaded = conf_test::load("Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n" + text);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners;
}

}  // namespace

TEST_CASE("load_listener: defaults") {
  const auto made =
      listeners("HTTPListeners:\n- Address: 0.0.0.0\n  Port: 80\n  Services: [{Backends: *be}]\n");
  REQUIRE(made.size() == 1);
  CHECK(made[0].address == "0.0.0.0");
  CHECK(made[0].port == 80);
  CHECK(made[0].client.count() == 5);
  CHECK(made[0].threads == 8);
  CHECK(made[0].services.size() == 1);
  CHECK(made[0].allow.empty());
  CHECK_FALSE(made[0].tls);
  CHECK(made[0].where.line == 4);
  CHECK(made[0].where.column == 3);
}

TEST_CASE("load_listener: relaxed rules, for both kinds") {
  const auto made = listeners(
      "HTTPListeners:\n- {Address: '::1', Port: 1, Allow: host_empty, Services: [{Backends: "
      "*be}]}\n"
      "HTTPSListeners:\n- {Address: '::1', Port: 2, Allow: [a, b], Certificates: c,"
      " Services: [{Backends: *be}]}\n");
  REQUIRE(made.size() == 2);
  REQUIRE(made[0].allow.size() == 1);
  CHECK(made[0].allow[0].code == "host_empty");
  CHECK(made[1].allow.size() == 2);
}

TEST_CASE("load_listener: HTTP listeners come before HTTPS listeners in any order of the file") {
  const auto made = listeners(
      "HTTPSListeners:\n- {Address: '::1', Port: 1, Certificates: a, Services: [{Backends: *be}]}\n"
      "HTTPListeners:\n- {Address: '::1', Port: 2, Services: [{Backends: *be}]}\n"
      "- {Address: '::1', Port: 3, Services: [{Backends: *be}]}\n");
  REQUIRE(made.size() == 3);
  CHECK(made[0].port == 2);
  CHECK(made[1].port == 3);
  CHECK(made[2].port == 1);
  CHECK(made[2].tls);
}

TEST_CASE("load_listener: certificates and ciphers, one or a list") {
  const auto made = listeners(
      "HTTPSListeners:\n"
      "- {Address: '::1', Port: 1, Client: 60, Threads: 0, Certificates: a.pem,\n"
      "   Ciphers: 'A:B::C', Services: [{Backends: *be}]}\n"
      "- {Address: '::1', Port: 2, Certificates: [a.pem, b.pem], Ciphers: [A, 'B:C', ':'],\n"
      "   Services: [{Backends: *be}]}\n"
      "- {Address: '::1', Port: 3, Certificates: [a.pem], Services: [{Backends: *be}]}\n"
      "- {Address: '::1', Port: 4, Services: [{Backends: *be}],\n"
      "   Certificates: [a.pem, {Certificate: b.pem, Key: b.key}]}\n"
      "- {Address: '::1', Port: 5, Services: [{Backends: *be}],\n"
      "   Certificates: {Key: c.key, Certificate: c.pem}}\n");
  REQUIRE(made.size() == 5);
  CHECK(made[0].client.count() == 60);
  CHECK(made[0].threads == 0);
  REQUIRE(made[0].tls->certificates.size() == 1);
  CHECK(made[0].tls->certificates[0].path == "a.pem");
  CHECK(made[0].tls->certificates[0].where.line == 4);
  CHECK(made[0].tls->certificates[0].where.column == 67);
  CHECK(conf_test::names_of(made[0].tls->ciphers) == Names{"A", "B", "C"});
  REQUIRE(made[1].tls->certificates.size() == 2);
  CHECK(made[1].tls->certificates[1].path == "b.pem");
  CHECK(conf_test::names_of(made[1].tls->ciphers) == Names{"A", "B", "C"});
  CHECK(made[2].tls->ciphers.empty());
  CHECK(made[2].tls->certificates[0].key == "");
  const auto& mixed = made[3].tls->certificates;
  REQUIRE(mixed.size() == 2);
  CHECK(mixed[0].path == "a.pem");
  CHECK(mixed[0].key == "");
  CHECK(mixed[1].path == "b.pem");
  CHECK(mixed[1].where.line == 10);
  CHECK(mixed[1].where.column == 40);
  CHECK(mixed[1].key == "b.key");
  CHECK(mixed[1].key_where.column == 52);
  const auto& alone = made[4].tls->certificates;
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].path == "c.pem");
  CHECK(alone[0].key == "c.key");
}

TEST_CASE("load_listener: defaults of TLS") {
  const auto made = listeners(
      "HTTPSListeners:\n- {Address: '::1', Port: 1, Certificates: a, Services: [{Backends: "
      "*be}]}\n");
  REQUIRE(made.size() == 1);
  REQUIRE(made[0].tls);
  CHECK(made[0].tls->min_tls == conf::Tls::Version::tls1_2);
  CHECK_FALSE(made[0].tls->client_cert);
  CHECK_FALSE(made[0].tls->strict_sni);
  CHECK(made[0].tls->hsts.count() == 0);
}

TEST_CASE("load_listener: versions, client certificates, StrictSNI and HSTS") {
  using Mode = conf::Tls::ClientCert::Mode;
  const auto made = listeners(
      "HTTPSListeners:\n"
      "- {Address: '::1', Port: 1, Certificates: a, Services: [{Backends: *be}],\n"
      "   MinTLS: 1.3, StrictSNI: True, HSTS: 63072000, Ciphers: A,\n"
      "   ClientCert: {Mode: Require, CA: ca.pem, CRL: c.crl, Depth: 3}}\n"
      "- {Address: '::1', Port: 2, Certificates: a, Services: [{Backends: *be}],\n"
      "   MinTLS: '1.2', StrictSNI: false, HSTS: 0, ClientCert: {Mode: ask, CA: b.pem}}\n");
  REQUIRE(made.size() == 2);
  const conf::Tls& first = *made[0].tls;
  CHECK(first.min_tls == conf::Tls::Version::tls1_3);
  CHECK(first.strict_sni);
  CHECK(first.hsts.count() == 63'072'000);
  REQUIRE(first.client_cert);
  CHECK(first.client_cert->mode == Mode::require);
  CHECK(first.client_cert->ca == "ca.pem");
  CHECK(first.client_cert->crl == "c.crl");
  CHECK(first.client_cert->depth == 3);
  CHECK(first.client_cert->where.line == 6);
  CHECK(first.client_cert->ca_where.column == 36);
  CHECK(first.client_cert->crl_where.column == 49);
  const conf::Tls& second = *made[1].tls;
  CHECK(second.min_tls == conf::Tls::Version::tls1_2);
  CHECK_FALSE(second.strict_sni);
  CHECK(second.hsts.count() == 0);
  REQUIRE(second.client_cert);
  CHECK(second.client_cert->mode == Mode::ask);
  CHECK(second.client_cert->crl == "");
  CHECK(second.client_cert->depth == 9);
}

TEST_CASE("load_listener: Methods are tokens of 1 to 64 bytes") {
  const auto methods = [](const std::string& value) {
    const auto made = listeners(
        "HTTPListeners:\n- {Address: '::1', Port: 1, Services: [{Backends: *be}]" + value + "}\n");
    REQUIRE(made.size() == 1);
    std::string names;
    for (const conf::AddedMethod& method : made[0].methods) names += method.name + " ";
    return names;
  };
  CHECK(methods("").empty());
  CHECK(methods(", Methods: PURGE") == "PURGE ");
  CHECK(methods(", Methods: [PURGE, M-SEARCH]") == "PURGE M-SEARCH ");
  CHECK(methods(", Methods: " + std::string(64, 'M')) == std::string(64, 'M') + " ");
}

TEST_CASE("load_listener: limits, the least and the most of each") {
  const auto made = listeners(
      "HTTPListeners:\n"
      "- {Address: '::1', Port: 1, Services: [{Backends: *be}]}\n"
      "- {Address: '::1', Port: 2, Services: [{Backends: *be}], MaxURI: 64, MaxHeader: 256, "
      "MaxHeaders: 1, MaxRequest: 0,\n"
      "   MinRate: 0}\n"
      "- {Address: '::1', Port: 3, Services: [{Backends: *be}], MaxURI: 64K, MaxHeader: 128k, "
      "MaxHeaders: 256,\n"
      "   MaxRequest: 1024T, MinRate: 1G}\n"
      "- {Address: '::1', Port: 4, Services: [{Backends: *be}], MaxURI: 4096, MaxHeader: 4K}\n"
      "- {Address: '::1', Port: 5, Services: [{Backends: *be}], MaxHeader: 4K}\n");
  REQUIRE(made.size() == 5);
  CHECK(made[0].limits.uri == 8192);
  CHECK(made[0].limits.header == 32768);
  CHECK(made[0].limits.headers == 100);
  CHECK(made[0].limits.request == 0);
  CHECK(made[0].limits.min_rate == 0);
  CHECK(made[1].limits.uri == 64);
  CHECK(made[1].limits.header == 256);
  CHECK(made[1].limits.headers == 1);
  CHECK(made[1].limits.request == 0);
  CHECK(made[1].limits.min_rate == 0);
  CHECK(made[2].limits.uri == 65536);
  CHECK(made[2].limits.header == 131072);
  CHECK(made[2].limits.headers == 256);
  CHECK(made[2].limits.request == std::uint64_t{1} << 50);
  CHECK(made[2].limits.min_rate == std::uint64_t{1} << 30);
  CHECK(made[3].limits.uri == 4096);
  CHECK(made[3].limits.header == 4096);
  CHECK(made[4].limits.uri == 4096);  // the line is part of the head
}

TEST_CASE("load_listener: the protocols and their defaults") {
  using conf::Protocol;
  const auto made = listeners(
      "HTTPListeners:\n"
      "- {Address: '::1', Port: 1, Services: [{Backends: [*be]}]}\n"
      "- {Address: '::1', Port: 2, Protocols: [h2c, http/1.1], Services: [{Backends: [*be]}]}\n"
      "HTTPSListeners:\n"
      "- {Address: '::1', Port: 3, Certificates: a, Services: [{Backends: [*be]}]}\n"
      "- {Address: '::1', Port: 4, Certificates: a, Protocols: http/1.1,\n"
      "   Services: [{Backends: [*be]}]}\n"
      "- {Address: '::1', Port: 5, Certificates: a, Protocols: [http/1.1, h2],\n"
      "   Services: [{Backends: [*be]}]}\n");
  REQUIRE(made.size() == 5);
  using List = std::vector<Protocol>;
  CHECK(made[0].protocols == List{Protocol::http1});
  CHECK(made[1].protocols == List{Protocol::http2, Protocol::http1});
  CHECK(made[2].protocols == List{Protocol::http2, Protocol::http1});
  CHECK(made[3].protocols == List{Protocol::http1});
  CHECK(made[4].protocols == List{Protocol::http1, Protocol::http2});
  CHECK_FALSE(made[0].tls);
  CHECK(made[4].tls->protocols == made[4].protocols);
}

TEST_CASE("load_listener: URLs of the other side stay, unless told otherwise") {
  const auto made = listeners(
      "HTTPListeners:\n"
      "- {Address: '::1', Port: 1, Services: [{Backends: [*be]}]}\n"
      "- {Address: '::1', Port: 2, RewriteLocation: 0, RewriteDestination: false,\n"
      "   Services: [{Backends: [*be]}]}\n"
      "- {Address: '::1', Port: 3, RewriteLocation: 1, Services: [{Backends: [*be]}]}\n"
      "HTTPSListeners:\n"
      "- {Address: '::1', Port: 4, Certificates: a, RewriteLocation: 2, RewriteDestination: true,\n"
      "   Services: [{Backends: [*be]}]}\n");
  REQUIRE(made.size() == 4);
  std::vector<unsigned> locations;
  std::vector<bool> destinations;
  for (const conf::Listener& listener : made) {
    locations.push_back(listener.rewrite_location);
    destinations.push_back(listener.rewrite_destination);
  }
  CHECK(locations == std::vector<unsigned>{0, 0, 1, 2});
  CHECK(destinations == std::vector<bool>{false, false, false, true});
}
