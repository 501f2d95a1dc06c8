// Tests of route/client_address: whose address counts. t/e2e/clients has the table of forged
// chains.
#include "worker/route/client_address.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker;

namespace {

net::AddressSet trusted() {
  std::vector<net::AddressSet::Entry> entries;
  for (const char* text : {"10.0.0.0/8", "2001:db8::/32"}) {
    std::string error;
    entries.push_back({conf::parse_network(text, error).value(), net::AddressMark::allow});
  }
  return net::AddressSet(entries);
}

std::string client(std::string_view name, std::string_view value, const http::ClientField& field) {
  const net::AddressSet set = trusted();
  http::HeaderList fields;
  fields.clear();
  fields.add({name, value, http::field_id(name), true});
  const auto found = route::find_client(fields, field, set);
  return found ? net::ip_text(*found) : "peer";
}

std::string from_list(std::string_view value) {
  return client("X-Forwarded-For", value, {.kind = http::ClientField::Kind::x_forwarded_for});
}

}  // namespace

TEST_CASE("client_address: the first address that is not trusted, from the right") {
  CHECK(from_list("198.51.100.1") == "198.51.100.1");
  CHECK(from_list("203.0.113.1, 198.51.100.1") == "198.51.100.1");
  CHECK(from_list("203.0.113.1, 198.51.100.1, 10.0.0.1, 2001:db8::1") == "198.51.100.1");
  CHECK(from_list("::ffff:198.51.100.1") == "198.51.100.1");
  CHECK(from_list("2001:DB9::1") == "2001:db9::1");
}

TEST_CASE("client_address: nothing left is the peer") {
  CHECK(from_list("") == "peer");
  CHECK(from_list("10.0.0.1") == "peer");
  CHECK(from_list("10.0.0.2, [2001:db8::1]:80, ::ffff:10.0.0.1") == "peer");
}

TEST_CASE("client_address: what cannot be read ends the walk at the nearest hop that is known") {
  CHECK(from_list("garbage") == "peer");
  CHECK(from_list("198.51.100.1, garbage") == "peer");
  CHECK(from_list("198.51.100.1, garbage, 10.0.0.2, 10.0.0.1") == "10.0.0.2");
  CHECK(from_list("198.51.100.1, 198.51.100.2 x, 10.0.0.1") == "10.0.0.1");
  CHECK(client("Forwarded", "for=198.51.100.1, for=unknown, for=10.0.0.1",
               {.kind = http::ClientField::Kind::forwarded}) == "10.0.0.1");
}

TEST_CASE("client_address: as many hops as are looked at, and one more") {
  std::string list = "198.51.100.1";
  for (std::size_t i = 1; i < route::kMostHops; ++i) list += ", 10.0.0.1";
  CHECK(from_list(list) == "198.51.100.1");
  CHECK(from_list(list + ", 10.0.0.1") == "10.0.0.1");
}

TEST_CASE("client_address: a field with one address names the client in any case") {
  const http::ClientField field{.kind = http::ClientField::Kind::single, .name = "True-Client-IP"};
  CHECK(client("true-client-ip", "198.51.100.1", field) == "198.51.100.1");
  CHECK(client("True-Client-IP", "10.0.0.1", field) == "10.0.0.1");
  CHECK(client("True-Client-IP", "198.51.100.1, 10.0.0.1", field) == "peer");
  CHECK(client("True-Client-IP", "", field) == "peer");
  CHECK(client("X-Forwarded-For", "198.51.100.1", field) == "peer");
}
