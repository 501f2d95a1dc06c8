// Tests of conf/validate: each message by itself, on a Config made by hand.
#include <doctest/doctest.h>

#include "conf/validate.h"

namespace {

conf::Condition condition(conf::Condition::Kind kind, const std::string& pattern = "a") {
  std::string error;
  return {kind, conf::Pattern::compile(pattern, conf::Pattern::Case::sensitive, error).value()};
}

conf::Listener listener(const std::string& address, std::uint16_t port, std::size_t services = 1) {
  conf::Listener made;
  made.address = address;
  made.port = port;
  made.services.resize(services);
  for (conf::Service& service : made.services) {
    const std::size_t index = static_cast<std::size_t>(&service - &made.services[0]);
    service.conditions = {condition(conf::Condition::Kind::url, std::to_string(index))};
    service.backends = {0};
  }
  return made;
}

conf::Config config(std::vector<conf::Listener> listeners) {
  conf::Config made;
  made.backends.resize(1);
  made.backends[0].name = "be";
  made.listeners = std::move(listeners);
  return made;
}

std::string messages(const conf::Config& config) {
  conf::Diagnostics diagnostics;
  conf::validate(config, {}, diagnostics);
  return diagnostics.text();
}

}  // namespace

TEST_CASE("validate: a configuration without mistakes") {
  CHECK(messages(config({listener("::1", 80), listener("::1", 81), listener("::2", 80)})) == "");
}

TEST_CASE("validate: the same endpoint twice") {
  CHECK(messages(config({listener("::1", 80), listener("::1", 80)})) ==
        "error: another listener already has [::1]:80\nnote: it is here\n");
}

TEST_CASE("validate: incomplete listeners do not clash") {
  CHECK(messages(config({listener("", 80), listener("", 80)})) == "");
  CHECK(messages(config({listener("::1", 0), listener("::1", 0)})) == "");
}

TEST_CASE("validate: a wildcard beside an address of its family") {
  const std::string warning =
      "warning: another listener has port 80 of all addresses; connections to ";
  const std::string rest = " go to this one only [overlapping-address]\nnote: it is here\n";
  CHECK(messages(config({listener("0.0.0.0", 80), listener("10.0.0.1", 80)})) ==
        warning + "10.0.0.1" + rest);
  CHECK(messages(config({listener("::1", 80), listener("::", 80)})) == warning + "::1" + rest);
  CHECK(messages(config({listener("0.0.0.0", 80), listener("::", 80)})) == "");
  CHECK(messages(config({listener("0.0.0.0", 80), listener("::1", 80)})) == "");
  CHECK(messages(config({listener("0.0.0.0", 80), listener("10.0.0.1", 81)})) == "");
  CHECK(messages(config({listener("0.0.0.0", 80), listener("a.example", 80)})) == "");
}

TEST_CASE("validate: no listeners") {
  CHECK(messages(config({})) == "error: no listeners: there is nothing to do\n");
}

TEST_CASE("validate: no services, no backends") {
  CHECK(messages(config({listener("::1", 80, 0), listener("::1", 81)})) ==
        "warning: a listener without services: every request gets 404 [no-services]\n");
  conf::Config made = config({listener("::1", 80, 2)});
  made.listeners[0].services[1].backends.clear();
  CHECK(messages(made) ==
        "warning: a service without backends: every request that matches gets 503 [no-backends]\n");
}

TEST_CASE("validate: services after one that matches everything") {
  conf::Config made = config({listener("::1", 80, 3)});
  made.listeners[0].services[2].conditions.clear();
  CHECK(messages(made) == "");
  made.listeners[0].services[1].conditions.clear();
  CHECK(messages(made) ==
        "warning: this service can never be reached: an earlier service matches every request "
        "[unreachable-service]\n"
        "note: it begins here\n");
  made.listeners[0].services[0].conditions.clear();
  CHECK(messages(made) ==
        "warning: this service and 1 after it can never be reached: an earlier service matches "
        "every request [unreachable-service]\nnote: it begins here\n");
  made.listeners[0].services[0].conditions = {condition(conf::Condition::Kind::head_require)};
  made.listeners[0].services[1].conditions = {condition(conf::Condition::Kind::head_deny)};
  CHECK(messages(made) == "");
  made.listeners[0].services[2].conditions = made.listeners[0].services[0].conditions;
  CHECK(messages(made) ==
        "warning: this service can never be reached: an earlier one takes all its requests "
        "[unreachable-service]\n"
        "note: it begins here\n");
}

TEST_CASE("validate: a backend that no service uses") {
  conf::Config made = config({listener("::1", 80)});
  made.backends.push_back(made.backends[0]);
  made.backends[1].name = "other";
  CHECK(messages(made) == "warning: no service uses the backend other [unused-backend]\n");
}

TEST_CASE("validate: what an error may have hidden is not missed") {
  conf::Config made = config({listener("::1", 80, 1)});
  made.backends.push_back(made.backends[0]);
  made.listeners[0].client_field = "Forwarded";
  made.listeners[0].services[0].backends.clear();
  made.listeners[0].services[0].is_whole = false;
  made.listeners[0].is_whole = false;
  CHECK(messages(made) == "");
  made.listeners[0].services.clear();
  CHECK(messages(made) == "");
  made.listeners.clear();
  made.is_whole = false;
  CHECK(messages(made) == "");
}

TEST_CASE("validate: a service with an error hides no other one") {
  conf::Config made = config({listener("::1", 80, 2)});
  made.listeners[0].services[0].conditions.clear();
  made.listeners[0].services[0].is_whole = false;
  CHECK(messages(made) == "");
}

TEST_CASE("validate: what is there is judged beside errors") {
  conf::Diagnostics diagnostics;
  diagnostics.error({}, "e");
  conf::validate(config({listener("::1", 80), listener("::1", 80, 0)}), {}, diagnostics);
  CHECK(diagnostics.text() ==
        "error: e\nerror: another listener already has [::1]:80\nnote: it is here\n"
        "warning: a listener without services: every request gets 404 [no-services]\n");
}

TEST_CASE("validate: the default of Threads before several backends") {
  conf::Config made = config({listener("::1", 80)});
  made.backends.push_back(made.backends[0]);
  made.listeners[0].services[0].backends = {0, 1};
  const auto said = [](const std::string& take, const std::string& advice) {
    return "warning: this listener has no `Threads`, so that all of its backends together get 8 "
           "requests at a time; they take " +
           take + ": write `Threads: " + advice + "` [default-threads]\n";
  };
  CHECK(messages(made) == said("16", "16"));
  made.backends[1].threads = 65535;
  CHECK(messages(made) == said("any number", "0"));
  made.backends[1].threads = 65527;
  CHECK(messages(made) == said("65535", "65535"));
  made.backends[0].threads = made.backends[1].threads = 4;
  CHECK(messages(made) == "");
  made.backends[0].threads = 0;
  CHECK(messages(made) == said("any number", "0"));
  made.listeners[0].has_threads = true;
  CHECK(messages(made) == "");
}

TEST_CASE("validate: a field that names clients needs proxies that are trusted") {
  conf::Listener one = listener("192.0.2.1", 80);
  one.client_field = "Forwarded";
  const std::string warning =
      "warning: `ClientField` has no effect without `TrustedProxies`: every peer is a client "
      "[no-effect]\n";
  CHECK(messages(config({one})) == warning);
  one.trusted_proxies.emplace();
  CHECK(messages(config({one})) == warning);
  one.trusted_proxies->push_back({});
  CHECK(messages(config({one})) == "");
  one.trusted_proxies.reset();
  conf::Config global = config({one});
  global.global.trusted_proxies.push_back({});
  CHECK(messages(global) == "");
}
