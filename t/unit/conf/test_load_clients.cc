// Tests of conf/load_clients: ClientField and Clients.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

using conf_test::load;
using conf_test::with_service;

namespace {

std::string listed(const conf::AddressList& list) {
  std::string text;
  for (const conf::AddressItem& item : list) {
    text += (item.file.empty() ? conf::network_text(item.network) : "<" + item.file + ">") + " ";
  }
  return text;
}

std::string messages(const std::string& clients) {
  return load(with_service("    Clients: " + clients + "\n")).messages;
}

}  // namespace

TEST_CASE("load_clients: the field of Global and of a listener") {
  const auto usual = load(with_service(""));
  REQUIRE_MESSAGE(usual.config, usual.messages);
  CHECK(usual.config->global.client_field == "X-Forwarded-For");
  CHECK_FALSE(usual.config->listeners.at(0).client_field);
  const auto own = load(
      "Global: {ClientField: Forwarded}\nHTTPListeners:\n- {Address: 192.0.2.1, Port: 80, "
      "ClientField: CF-Connecting-IP}\n");
  REQUIRE_MESSAGE(own.config, own.messages);
  CHECK(own.config->global.client_field == "Forwarded");
  CHECK(own.config->listeners.at(0).client_field == "CF-Connecting-IP");
}

TEST_CASE("load_clients: a field whose name is no token") {
  CHECK(load("Global: {ClientField: 'X-Real-IP:'}\n" + with_service("")).messages ==
        "t:1:23: error: `ClientField` is text \"X-Real-IP:\", expected the name of a header such "
        "as `X-Forwarded-For`, made of letters, digits and !#$%&'*+-.^_`|~\n"
        "  Global: {ClientField: 'X-Real-IP:'}\n                        ^\n");
}

TEST_CASE("load_clients: the lists of a service and of a listener") {
  const auto loaded =
      load(with_service("    Clients: {Allow: 10.0.0.0/8, Deny: [10.0.0.1, "
                        "'file:/x']}\n"));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  const conf::ClientList& own = loaded.config->listeners.at(0).services.at(0).clients;
  CHECK(listed(own.allow) == "10.0.0.0/8 ");
  CHECK(listed(own.deny) == "10.0.0.1 </x> ");
  CHECK(loaded.config->listeners[0].clients.allow.empty());
  const auto listener =
      load("HTTPListeners:\n- {Address: 192.0.2.1, Port: 80, Clients: {Deny: '2001:db8::/32'}}\n");
  REQUIRE_MESSAGE(listener.config, listener.messages);
  CHECK(listed(listener.config->listeners.at(0).clients.deny) == "2001:db8::/32 ");
}

TEST_CASE("load_clients: faulty lists") {
  const auto has = [](const std::string& text, std::string_view what) {
    return text.find(what) != std::string::npos;
  };
  CHECK(has(messages("{}"), "error: `Clients` has no list, expected `Allow` or `Deny`, or both\n"));
  CHECK(has(messages("{Allow: }"),
            "error: `Clients` has no list, expected `Allow` or `Deny`, or both\n"));
  CHECK(has(messages("{Allow: []}"),
            "error: `Allow` is an empty list, expected at least one address\n"));
  CHECK(has(messages("{Deny: []}"),
            "error: `Deny` is an empty list, expected at least one address\n"));
  CHECK(has(messages("10.0.0.0/8"),
            "error: `Clients` is text \"10.0.0.0/8\", expected a mapping such as `{Allow: "
            "[192.0.2.0/24]}`\n"));
  CHECK(has(messages("{Allow: [10.0.0.1/8]}"),
            "error: `Allow` has text \"10.0.0.1/8\", which has bits set behind its prefix; write "
            "10.0.0.0/8\n"));
  CHECK(has(messages("{Permit: [10.0.0.0/8]}"), "error: unknown key `Permit` in Clients"));
}

TEST_CASE("load_clients: a warning when every address is trusted") {
  const auto loaded =
      load("Global:\n  TrustedProxies: [0.0.0.0/0, '::/0', 0.0.0.0/1]\n" + with_service(""));
  REQUIRE(loaded.config);
  CHECK(loaded.messages.starts_with(
      "t:2:20: warning: `TrustedProxies` has all addresses of IPv4, so that none is left for a "
      "client [everybody-trusted]\n"));
  CHECK(loaded.messages.find("t:2:31: warning: `TrustedProxies` has all addresses of IPv6, so that "
                             "none is left for a client [everybody-trusted]\n") !=
        std::string::npos);
  CHECK(loaded.messages.find("2:39") == std::string::npos);
}
