// Tests of conf/load_backend: each key of a backend, each default, and its name. What a path may
// not be: data/config/path_wrong.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using conf_test::names_of;

using Lines = std::vector<std::string>;

Lines texts_of(const std::vector<conf::AddedLine>& added) {
  Lines texts;
  for (const conf::AddedLine& line : added) texts.push_back(line.text);
  return texts;
}

// The backends of a text in which one service uses all of them.
std::vector<conf::Backend> backends(const std::string& items) {
  const auto loaded = conf_test::load(
      "Backends: &all\n" + items +
      "HTTPListeners: [{Address: '::1', Port: 1, Threads: 0, Services: [{Backends: *all}]}]\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  CHECK(loaded.config->listeners[0].services[0].backends.size() == loaded.config->backends.size());
  return loaded.config->backends;
}

}  // namespace

TEST_CASE("load_backend: defaults") {
  const auto made = backends("- &be {Address: A.example, Port: 80}\n");
  REQUIRE(made.size() == 1);
  CHECK(made[0].name == "be");
  CHECK(made[0].address == "a.example");
  CHECK(made[0].port == 80);
  CHECK(made[0].timeout.count() == 15);
  CHECK(made[0].connect_timeout.count() == 15);
  CHECK(made[0].resolve.count() == 30);
  CHECK(made[0].threads == 8);
  CHECK(made[0].weight() == 8);
  CHECK(made[0].head_add.empty());
  CHECK(made[0].where.line == 2);
  CHECK(made[0].where.column == 3);
}

TEST_CASE("load_backend: all keys, and the connect timeout follows the timeout") {
  const auto made = backends(
      "- &a {Address: '[::1]', Port: 1, TimeOut: 3, Threads: 0, HeadAdd: ['X-A:b', 'X-B: c']}\n"
      "- &b {Address: '::1', Port: 2, TimeOut: 3, ConnTO: 4, Threads: 12, HeadAdd: 'X-A: b', "
      "Resolve: 7}\n");
  REQUIRE(made.size() == 2);
  CHECK(made[0].address == "::1");
  CHECK(made[0].timeout.count() == 3);
  CHECK(made[0].connect_timeout.count() == 3);
  CHECK(made[0].threads == 0);
  CHECK(made[0].weight() == 8);
  CHECK(texts_of(made[0].head_add) == Lines{"X-A: b", "X-B: c"});
  CHECK(made[1].connect_timeout.count() == 4);
  CHECK(made[1].resolve.count() == 7);
  CHECK(made[1].weight() == 12);
  CHECK(texts_of(made[1].head_add) == Lines{"X-A: b"});
}

TEST_CASE("load_backend: TLS is off by default, and all defaults when it is true") {
  const auto made = backends(
      "- &a {Address: '::1', Port: 1}\n"
      "- &b {Address: '::1', Port: 2, TLS: false}\n"
      "- &c {Address: '::1', Port: 3, TLS: True}\n"
      "- &d {Address: '::1', Port: 4, TLS: {}}\n");
  CHECK(!made[0].tls);
  CHECK(!made[1].tls);
  for (const auto& one : {made[2], made[3]}) {
    REQUIRE(one.tls);
    CHECK(one.tls->verify);
    CHECK(one.tls->ca == "");
    CHECK(one.tls->name == "");
    CHECK(!one.tls->certificate);
    CHECK(one.tls->min_tls == conf::Tls::Version::tls1_2);
    CHECK(one.tls->ciphers.empty());
    CHECK(!one.tls->alpn);
    CHECK(one.tls->where.line == one.where.line);
  }
}

TEST_CASE("load_backend: the keys of TLS") {
  const auto made = backends(
      "- &a {Address: '::1', Port: 1, TLS: {Verify: true, CA: a.pem, Name: 'B.Example', Cert: "
      "c.pem,\n"
      "   Key: d.pem, MinTLS: 1.3, Ciphers: 'E:F', ALPN: http/1.1}}\n"
      "- &b {Address: '::1', Port: 2, TLS: {Verify: false, Name: '[::2]', Cert: c.pem, ALPN: "
      "off}}\n"
      "- &c {Address: '::1', Port: 3, TLS: {CA: system, Cipher: [E, F]}}\n");
  REQUIRE(made[0].tls);
  CHECK(made[0].tls->ca == "a.pem");
  CHECK(made[0].tls->name == "b.example");
  REQUIRE(made[0].tls->certificate);
  CHECK(made[0].tls->certificate->path == "c.pem");
  CHECK(made[0].tls->certificate->key == "d.pem");
  CHECK(made[0].tls->min_tls == conf::Tls::Version::tls1_3);
  CHECK(conf_test::names_of(made[0].tls->ciphers) == Lines{"E", "F"});
  CHECK(made[0].tls->alpn);
  CHECK(!made[1].tls->verify);
  CHECK(made[1].tls->name == "::2");
  CHECK(made[1].tls->certificate->key == "");
  CHECK(!made[1].tls->alpn);
  CHECK(made[2].tls->ca == "");
  CHECK(conf_test::names_of(made[2].tls->ciphers) == Lines{"E", "F"});
}

TEST_CASE("load_backend: what TLS refuses") {
  const auto said = [](const std::string& tls) {  // the first line
    const std::string all =
        conf_test::load("Backends:\n- &a {Address: '::1', Port: 1, TLS: " + tls +
                        "}\nHTTPListeners: [{Address: '::1', Port: 1, Services: [{Backends: "
                        "*a}]}]\n")
            .messages;
    return all.substr(0, all.find('\n') + 1);
  };
  CHECK(said("on") ==
        "t:2:37: error: `TLS` is text \"on\", expected true, false or a mapping such as "
        "`{Name: www.example.com}`\n");
  CHECK(said("{Verify: false, CA: a.pem}") ==
        "t:2:57: error: `CA` has no effect with `Verify: false`; leave one of them out\n");
  CHECK(said("{Key: a.pem}") == "t:2:43: error: `Key` needs `Cert`: the certificate of this key\n");
  CHECK(said("{ALPN: h2}") == "t:2:44: error: `ALPN` is text \"h2\", expected off or http/1.1\n");
  CHECK(said("{Nam: a}") ==
        "t:2:38: error: unknown key `Nam` in TLS of a backend; did you mean `Name`?\n");
  CHECK(said("{Name: a b}")
            .starts_with("t:2:44: error: `Name` is text \"a b\", expected a host "
                         "name or an IP address"));
}

TEST_CASE("load_backend: the name of a backend without an anchor is its address") {
  const auto made = backends("- {Address: 10.0.0.1, Port: 80}\n- {Address: '::1', Port: 81}\n");
  CHECK(made[0].name == "10.0.0.1:80");
  CHECK(made[1].name == "[::1]:81");
}

TEST_CASE("load_backend: the same server under two anchors is two backends") {
  const auto made =
      backends("- &a {Address: 10.0.0.1, Port: 80}\n- &b {Address: 10.0.0.1, Port: 80}\n");
  CHECK(made.size() == 2);
}

TEST_CASE("load_backend: checks, ejection and warm-up are off by default") {
  const auto made = backends("- &a {Address: '::1', Port: 1}\n");
  CHECK(!made[0].check);
  CHECK(!made[0].eject);
  CHECK(made[0].warmup.count() == 0);
}

TEST_CASE("load_backend: the defaults of Check and Eject") {
  const auto made = backends(
      "- &a {Address: '::1', Port: 1, Check: tcp, Eject: {}, Warmup: 3600}\n"
      "- &b {Address: '::1', Port: 2, Check: {Every: 1}}\n");
  REQUIRE(made[0].check);
  const conf::Check& check = *made[0].check;
  CHECK(check.path == "");
  CHECK(check.method == conf::Check::Method::get);
  CHECK(check.host == "");
  CHECK(check.port == 0);
  REQUIRE(check.expect.size() == 1);
  CHECK(check.expect[0].low == 200);
  CHECK(check.expect[0].high == 399);
  CHECK(!check.body);
  CHECK(check.every.count() == 5);
  CHECK(check.within.count() == 2);
  CHECK(check.rise == 2);
  CHECK(check.fall == 3);
  CHECK(made[0].eject->errors == 5);
  CHECK(made[0].eject->in.count() == 10);
  CHECK(made[0].eject->lasting.count() == 30);
  CHECK(made[0].warmup.count() == 3600);
  CHECK(made[1].check->within.count() == 1);  // at most Every
}

TEST_CASE("load_backend: all keys of Check and Eject, at their bounds") {
  const auto made = backends(
      "- &a {Address: '::1', Port: 1, Check: {Path: '/a?b=c', Method: options, Host: 'a:1', Port: "
      "65535,\n"
      "   Expect: [200, 201-599], Body: 'a.b', Every: 3600, Within: 3600, Rise: 100, Fall: 100},\n"
      "   Eject: {Errors: 100, In: 3600, For: 3600}}\n"
      "- &b {Address: '::1', Port: 2, Check: {Path: /, Method: HEAD, Expect: 599-599, Every: 1, "
      "Within: 1,\n   Rise: 1, Fall: 1}, Eject: {Errors: 1, In: 1, For: 1}}\n");
  const conf::Check& check = *made[0].check;
  CHECK(check.path == "/a?b=c");
  CHECK(check.method == conf::Check::Method::options);
  CHECK(check.host == "a:1");
  CHECK(check.port == 65535);
  REQUIRE(check.expect.size() == 2);
  CHECK(check.expect[0].low == 200);
  CHECK(check.expect[0].high == 200);
  CHECK(check.expect[1].low == 201);
  CHECK(check.expect[1].high == 599);
  CHECK(check.body->search("xa1b"));
  CHECK(!check.body->search("xA1b"));
  CHECK(check.every.count() == 3600);
  CHECK(check.within.count() == 3600);
  CHECK(check.rise == 100);
  CHECK(check.fall == 100);
  CHECK(made[0].eject->errors == 100);
  CHECK(made[0].eject->in.count() == 3600);
  CHECK(made[0].eject->lasting.count() == 3600);
  CHECK(made[1].check->method == conf::Check::Method::head);
  CHECK(made[1].check->every.count() == 1);
  CHECK(made[1].check->rise == 1);
  CHECK(made[1].check->fall == 1);
  CHECK(made[1].eject->errors == 1);
}

TEST_CASE("load_backend: a Unix socket") {
  const auto made = backends(
      "- {Address: /run/app.sock}\n- &a {Address: /run/app.sock, TLS: {Name: a.example}}\n"
      "- &b {Address: /run/b.sock, TLS: {Verify: false}}\n");
  REQUIRE(made.size() == 3);
  CHECK(made[0].name == "/run/app.sock");
  CHECK(made[0].address == "/run/app.sock");
  CHECK(made[0].port == 0);
  CHECK(made[1].name == "a");
}

TEST_CASE("load_backend: the version of ProxyProtocol") {
  const auto made = backends(
      "- &a {Address: '::1', Port: 1}\n- &b {Address: '::1', Port: 2, ProxyProtocol: 1}\n"
      "- &c {Address: /run/a, ProxyProtocol: 2}\n");
  REQUIRE(made.size() == 3);
  CHECK(made[0].proxy_protocol == 0);
  CHECK(made[1].proxy_protocol == 1);
  CHECK(made[2].proxy_protocol == 2);
}
