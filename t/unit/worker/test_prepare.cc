#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "conf/load.h"
#include "t/unit/folder.h"
#include "t/unit/tls/harness.h"
#include "t/unit/worker/prepared.h"

namespace {

std::optional<worker::Heritage> prepare(const std::string& global, const std::string& address,
                                        conf::Diagnostics& diagnostics) {
  const std::string text =
      "Global:\n  Grace: 1\n" + global + "Backends:\n- &b\n  Address: " + address +
      "\n  Port: 80\n  HeadAdd: \"X-A: b\"\nHTTPListeners:\n- Address: 127.0.0.1\n" +
      "  Port: 8080\n  Services:\n  - Backends: *b\n";
  std::optional<conf::Config> config = conf::load_text("pound.yaml", text, diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  return prepared(std::move(*config), diagnostics);
}

}  // namespace

TEST_CASE("prepare: addresses, pages, header lines") {
  const Folder folder;
  const std::string page = folder.write("404.html", "<p>not here</p>");
  conf::Diagnostics diagnostics;
  const auto heritage = prepare("  Err404: " + page + "\n  Workers: 3\n", "127.0.0.1", diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  CHECK(diagnostics.all().empty());
  CHECK(heritage->workers == 3);
  CHECK(heritage->pages.body(404) == "<p>not here</p>");
  REQUIRE(heritage->backends.at(0).addresses.size() == 1);
  CHECK(worker::net::host_port_text(heritage->backends[0].addresses[0]) == "127.0.0.1:80");
  CHECK(heritage->backends[0].head_add == "X-A: b\r\n");
  REQUIRE(heritage->listeners.at(0).addresses.size() == 1);
  CHECK(worker::net::host_port_text(heritage->listeners[0].addresses[0]) == "127.0.0.1:8080");
  CHECK(heritage->listeners[0].name == "127.0.0.1:8080");
}

TEST_CASE("prepare: a listener has all addresses of its name, each once and for itself") {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "HTTPListeners:\n- Address: a.test\n  Port: 80\n- Address: b.test\n  Port: 80\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  conf::Diagnostics found;
  worker::Preparation preparation(std::make_shared<const conf::Config>(std::move(*config)), found);
  while (preparation.step()) continue;
  const auto addresses = [](const std::vector<std::string>& hosts) {
    worker::net::Resolved resolved;
    for (const std::string& host : hosts) {
      resolved.addresses.push_back(worker::net::read_numeric({host, 80, true})->addresses.at(0));
    }
    return resolved;
  };
  SUBCASE("each for itself") {
    const auto heritage =
        preparation.finish({addresses({"::1", "127.0.0.1", "::1"}), addresses({"127.0.0.2"})});
    REQUIRE_MESSAGE(heritage, found.text());
    REQUIRE(heritage->listeners[0].addresses.size() == 2);
    CHECK(worker::net::host_port_text(heritage->listeners[0].addresses[0]) == "[::1]:80");
    CHECK(worker::net::host_port_text(heritage->listeners[0].addresses[1]) == "127.0.0.1:80");
    CHECK(heritage->listeners[0].name == "a.test:80");
    CHECK(heritage->listeners[1].addresses.size() == 1);
  }
  SUBCASE("an address of another listener") {
    CHECK(!preparation.finish({addresses({"::1", "127.0.0.1"}), addresses({"127.0.0.1"})}));
    CHECK(found.text().find("pound.yaml:4:12: error: another listener already has 127.0.0.1:80, an "
                            "address of `b.test`") != std::string::npos);
    CHECK(found.text().find("pound.yaml:2:12: note: it is here") != std::string::npos);
  }
}

TEST_CASE("prepare: IPv6 addresses are written with brackets") {
  conf::Diagnostics diagnostics;
  const auto heritage = prepare("", "\"::1\"", diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  CHECK(worker::net::host_text(heritage->backends[0].addresses[0]) == "::1");
  CHECK(worker::net::host_port_text(heritage->backends[0].addresses[0]) == "[::1]:80");
}

TEST_CASE("prepare: a backend's name that does not resolve is a warning") {
  conf::Diagnostics diagnostics;
  const auto heritage = prepare("", "no-such-host.invalid", diagnostics);
  REQUIRE(heritage);
  CHECK(heritage->backends[0].addresses.empty());
  CHECK(heritage->backends[0].resolve_error == "not today");
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].severity == conf::Severity::warning);
  CHECK(diagnostics.all()[0].message ==
        "the backend `no-such-host.invalid` does not resolve: not today; it counts as dead until "
        "it does");
}

TEST_CASE("prepare: every mistake is reported at its position") {
  const Folder folder;
  const std::string fifo = folder.path + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  conf::Diagnostics diagnostics;
  CHECK(!prepare("  User: no-such-user\n  Group: no-such-group\n  RootJail: " + folder.path +
                     "/none\n  Err404: " + folder.path + "/none.html\n  Err500: " + fifo +
                     "\n  Err503: " + folder.path + "\n",
                 "127.0.0.1", diagnostics));
  const std::string text = diagnostics.text();
  CHECK(text.find("there is no user `no-such-user`") != std::string::npos);
  CHECK(text.find("there is no group `no-such-group`") != std::string::npos);
  CHECK(text.find("/none`: No such file or directory; expected a directory") != std::string::npos);
  CHECK(text.find("/none.html` for Err404: No such file or directory") != std::string::npos);
  CHECK(text.find("/fifo` for Err500: not a regular file") != std::string::npos);
  CHECK(text.find("for Err503: not a regular file") != std::string::npos);
  CHECK(diagnostics.all().size() == 6);
}

TEST_CASE("prepare: a jail is a directory") {
  const Folder folder;
  conf::Diagnostics diagnostics;
  CHECK(prepare("  RootJail: " + folder.path + "\n", "127.0.0.1", diagnostics));
  CHECK(diagnostics.all().empty());
  const std::string file = folder.write("file", "");
  CHECK(!prepare("  RootJail: " + file + "\n", "127.0.0.1", diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].message ==
        "cannot use the jail `" + file + "`: not a directory; expected a directory");
}

TEST_CASE("prepare: a page may have 256 KiB and not a byte more") {
  const Folder folder;
  conf::Diagnostics diagnostics;
  const std::string most = folder.write("most", std::string(256 * 1024, 'x'));
  CHECK(prepare("  Err404: " + most + "\n", "127.0.0.1", diagnostics));
  const std::string more = folder.write("more", std::string(256 * 1024 + 1, 'x'));
  CHECK(!prepare("  Err404: " + more + "\n", "127.0.0.1", diagnostics));
  CHECK(diagnostics.text().find("larger than 262144 bytes") != std::string::npos);
}

TEST_CASE("prepare: pages of listeners and services; a file is read once") {
  const Folder folder;
  const std::string page = folder.write("a.html", "<p>a</p>");
  const std::string other = folder.write("b.html", "<p>b</p>");
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Global: {Err404: " + page +
          "}\nHTTPListeners:\n- Address: 127.0.0.1\n  Port: 80\n  Err500: " + page +
          "\n  Services:\n  - {URL: /a, Disabled: true, Maintenance: " + other +
          ", Err404: " + other + "}\n  - {URL: /b, Respond: {File: " + page + "}}\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = prepared(std::move(*config), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  const worker::route::ListenerHeritage& listener = heritage->listeners.at(0);
  REQUIRE(listener.service_pages.size() == 2);
  const std::string* const shared = listener.pages.find(502);
  REQUIRE(shared != nullptr);
  CHECK(*shared == "<p>a</p>");
  CHECK(listener.service_pages[1].file.get() == shared);
  CHECK(heritage->pages.body(404).data() == shared->data());
  CHECK(*listener.service_pages[0].maintenance == "<p>b</p>");
  CHECK(listener.service_pages[0].errors.find(404) == listener.service_pages[0].maintenance.get());
  CHECK(listener.service_pages[0].file == nullptr);
  CHECK(listener.service_pages[1].maintenance == nullptr);
}

TEST_CASE("prepare: a file that cannot be read is an error at each place that names it") {
  const Folder folder;
  const std::string file = folder.path + "/none";
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config =
      conf::load_text("pound.yaml",
                      "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 80\n  Err404: " + file +
                          "\n  Services:\n  - {Disabled: true, Maintenance: " + file +
                          ", Err503: " + file + ", URL: /a}\n  - {Respond: {File: " + file + "}}\n",
                      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK_FALSE(prepared(std::move(*config), diagnostics));
  std::vector<std::string> messages;
  for (const conf::Diagnostic& one : diagnostics.all()) messages.push_back(one.message);
  std::string page = "cannot read the page `";
  page.append(file).append("` for ");
  CHECK(messages ==
        std::vector<std::string>{
            page + "Err404: No such file or directory; expected a readable HTML file",
            page + "Err503: No such file or directory; expected a readable HTML file",
            page + "Maintenance: No such file or directory; expected a readable HTML file",
            "cannot read the file `" + file +
                "` for Respond: No such file or directory; expected a readable file"});
}

TEST_CASE("prepare: the names are those of the backends, then those of the listeners") {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Backends: [&a {Address: one.test, Port: 1}, &b {Address: two.test, Port: 2}]\n"
      "HTTPListeners: [{Address: three.test, Port: 3, Services: [{Backends: [*a, *b]}]}]\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const worker::Preparation preparation(std::make_shared<const conf::Config>(std::move(*config)),
                                        diagnostics);
  std::string text;
  for (const worker::net::Name& name : preparation.names()) {
    text += name.host + ":" + std::to_string(name.port) + (name.is_listener ? "L " : " ");
  }
  CHECK(text == "one.test:1 two.test:2 three.test:3L ");
}

TEST_CASE("prepare: a listener's name that does not resolve is an error") {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Backends: [&a {Address: 127.0.0.1, Port: 1}]\n"
      "HTTPListeners: [{Address: three.test, Port: 3, Services: [{Backends: [*a]}]}]\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK_FALSE(prepared(std::move(*config), diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].message ==
        "the listener's address `three.test` does not resolve: not today; expected an address of "
        "this machine");
}

TEST_CASE("prepare: each HTTPS listener gets its certificates, and all are freed in steps") {
  const Folder folder;
  const std::string first = folder.write("a.pem", tls_test::simple_pem("a.test"));
  const std::string second = folder.write("b.pem", tls_test::simple_pem("b.test"));
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Backends: [&a {Address: 127.0.0.1, Port: 1}]\n"
      "HTTPListeners: [{Address: 127.0.0.1, Port: 80, Services: [{Backends: [*a]}]}]\n"
      "HTTPSListeners:\n- {Address: 127.0.0.1, Port: 443, Certificates: " +
          first +
          ", Services: [{Backends: [*a]}]}\n"
          "- {Address: 127.0.0.1, Port: 444, Certificates: " +
          second + ", Services: [{Backends: [*a]}]}\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  std::optional<worker::Heritage> heritage = prepared(std::move(*config), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  const auto has_certificates = [&] {
    std::string text;
    for (const auto& listener : heritage->listeners) text += listener.tls ? '1' : '0';
    return text;
  };
  CHECK(has_certificates() == "011");
  int steps = 0;
  while (worker::free_step(*heritage)) ++steps;
  CHECK(steps >= 2);
  CHECK(has_certificates() == "000");
}

TEST_CASE("prepare: the trusted proxies of a listener are its own or the global ones") {
  const Folder folder;
  const std::string file = folder.write("cdn", "192.0.2.0/24\n");
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Global: {TrustedProxies: ['file:" + file +
          "']}\nHTTPListeners:\n- {Address: 127.0.0.1, Port: 1}\n- {Address: 127.0.0.1, Port: 2}\n"
          "- {Address: 127.0.0.1, Port: 3, TrustedProxies: 10.0.0.1}\n"
          "- {Address: 127.0.0.1, Port: 4, TrustedProxies: []}\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = prepared(std::move(*config), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  const auto trusts = [&](std::size_t listener, std::string_view address) {
    const auto& trusted = heritage->listeners.at(listener).trusted;
    return trusted != nullptr && trusted->contains(conf::parse_ip(address).value());
  };
  CHECK(trusts(0, "192.0.2.7"));
  CHECK_FALSE(trusts(0, "10.0.0.1"));
  CHECK(heritage->listeners[1].trusted == heritage->listeners[0].trusted);
  CHECK_FALSE(trusts(2, "192.0.2.7"));
  CHECK(trusts(2, "10.0.0.1"));
  CHECK(heritage->listeners[3].trusted == nullptr);
}

TEST_CASE("prepare: a list of trusted proxies that is empty or missing is an error") {
  const Folder folder;
  conf::Diagnostics diagnostics;
  const std::string file = folder.write("cdn", "# nobody\n");
  CHECK_FALSE(prepare("  TrustedProxies: ['file:" + file + "', 'file:" + file + "-none']\n",
                      "127.0.0.1", diagnostics));
  CHECK(diagnostics.text().find("pound.yaml:3:20: error: there is no address in `" + file) !=
        std::string::npos);
  CHECK(diagnostics.text().find("-none`: No such file or directory; ") != std::string::npos);
}

TEST_CASE("prepare: the field and the rules of clients") {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Global: {ClientField: forwarded}\nHTTPListeners:\n- {Address: 127.0.0.1, Port: 1}\n"
      "- {Address: 127.0.0.1, Port: 2, ClientField: X-FORWARDED-FOR, Clients: {Deny: 10.0.0.1}}\n"
      "- Address: 127.0.0.1\n  Port: 3\n  ClientField: CF-Connecting-IP\n  Services:\n"
      "  - {URL: a, Redirect: 'http://a'}\n  - {Redirect: 'http://a', Clients: {Allow: "
      "10.0.0.1}}\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = prepared(std::move(*config), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  using Kind = worker::http::ClientField::Kind;
  const auto& listeners = heritage->listeners;
  CHECK(listeners.at(0).client_field.kind == Kind::forwarded);
  CHECK(listeners[0].client_field.name == "");
  CHECK(listeners.at(1).client_field.kind == Kind::x_forwarded_for);
  CHECK(listeners.at(2).client_field.kind == Kind::single);
  CHECK(listeners[2].client_field.name == "CF-Connecting-IP");
  const auto address = conf::parse_ip("10.0.0.1").value();
  CHECK_FALSE(listeners[0].clients.is_set());
  CHECK_FALSE(listeners[1].clients.permits(address));
  CHECK(listeners[1].clients.permits(conf::parse_ip("10.0.0.2").value()));
  CHECK_FALSE(listeners[2].clients.is_set());
  REQUIRE(listeners[2].service_clients.size() == 2);
  CHECK_FALSE(listeners[2].service_clients[0].is_set());
  CHECK(listeners[2].service_clients[1].permits(address));
  CHECK_FALSE(listeners[2].service_clients[1].permits(conf::parse_ip("10.0.0.2").value()));
}

TEST_CASE("prepare: a network that is allowed and denied is an error") {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config =
      conf::load_text("pound.yaml",
                      "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 1\n"
                      "  Clients: {Allow: 10.0.0.0/8, Deny: 10.0.0.0/8}\n",
                      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK_FALSE(prepared(std::move(*config), diagnostics));
  CHECK(
      diagnostics.text().find("pound.yaml:4:38: error: `10.0.0.0/8` is both allowed and denied") !=
      std::string::npos);
}

TEST_CASE("prepare: what routing needs is read without certificates, users, pages and names") {
  const Folder folder;
  const std::string list = folder.write("proxies", "192.0.2.0/24\n");
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Global:\n  User: nobody-at-all\n  Err404: /nowhere\n  TrustedProxies: file:" + list +
          "\nBackends:\n- &b\n  Address: b.invalid\n  Port: 80\nHTTPSListeners:\n"
          "- Address: www.invalid\n  Port: 443\n  Certificates: /nowhere\n"
          "  Allow: target_char\n  Services:\n  - Auth: {Realm: r, Users: /nowhere}\n"
          "    Backends: *b\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = worker::Preparation::routing(
      std::make_shared<const conf::Config>(std::move(*config)), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  CHECK(heritage->listeners.at(0).name == "www.invalid:443");
  CHECK(heritage->listeners[0].trusted->contains(*conf::parse_ip("192.0.2.7")));
  CHECK(heritage->listeners[0].service_allowed.at(0).contains(worker::http::Reason::target_char));
}

TEST_CASE("prepare: a public service that shows the state gives a warning") {
  const auto said = [](const std::string& listener, const std::string& service) {
    conf::Diagnostics diagnostics;
    diagnostics.silence(conf::Lint::missing_address);
    std::optional<conf::Config> config = conf::load_text(
        "pound.yaml",
        "HTTPListeners:\n- " + listener + "\n  Port: 8080\n  Services:\n  - " + service + "\n",
        diagnostics);
    REQUIRE_MESSAGE(config, diagnostics.text());
    const auto heritage = prepared(std::move(*config), diagnostics);
    REQUIRE_MESSAGE(heritage, diagnostics.text());
    return diagnostics.headlines();
  };
  const std::string warning =
      "warning: everybody who reaches 192.0.2.1:8080 can read the state of Pound; add `Clients` or "
      "`Auth`, or put this service on a listener at 127.0.0.1 or a private address [public-state]";
  CHECK(said("Address: 192.0.2.1", "Serve: status") ==
        std::vector<std::string>{"pound.yaml:5:12: " + warning});
  CHECK(said("Address: 127.0.0.1", "Serve: status").empty());
  CHECK(said("Address: 192.0.2.1", "{Serve: status, Clients: {Allow: 192.0.2.0/24}}").empty());
  CHECK(said("Address: 192.0.2.1\n  Clients: {Deny: 192.0.2.7}", "Serve: status").empty());
  CHECK(said("Address: 192.0.2.1", "Redirect: https://a").empty());
}
