// Every piece of advice in a message of the loader, followed: the text with the mistake gives the
// advice, and the text that follows it has neither that error nor another one. Advice for patterns:
// t/unit/route/test_advice.cc.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "t/unit/conf/harness.h"

namespace {

struct Case {
  std::string wrong, advice, right;
};

// `{}` in a text is where the wrong or the right part goes.
void follow_all(const std::string& text, const std::vector<Case>& cases) {
  const std::size_t mark = text.find("{}");
  REQUIRE(mark != std::string::npos);
  for (const Case& one : cases) {
    CAPTURE(one.wrong);
    const auto with = [&](const std::string& part) {
      return conf_test::load(std::string(text).replace(mark, 2, part));
    };
    const auto wrong = with(one.wrong);
    CHECK_FALSE(wrong.config);
    CHECK_MESSAGE(wrong.messages.find(one.advice + "\n") != std::string::npos, wrong.messages);
    const auto right = with(one.right);
    CHECK_MESSAGE(right.config, right.messages);
    CHECK(right.messages == "");
  }
}

const std::string kService = conf_test::with_service("    {}\n");
const std::string kBackend =
    "Backends:\n- &be\n  {}\n"
    "HTTPListeners:\n- {Address: 192.0.2.1, Port: 80, Services: [{Backends: *be}]}\n";
const std::string kListener =
    "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
    "HTTPListeners:\n- Port: 80\n  Services: [{Backends: *be}]\n  {}\n";
const std::string kHttpsListener =
    "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
    "HTTPSListeners:\n- Address: 192.0.2.1\n  Port: 443\n  Services: [{Backends: *be}]\n  {}\n";
const std::string kGlobal = "Global:\n  {}\n" + conf_test::with_service("");

}  // namespace

TEST_CASE("advice: addresses of a listener") {
  follow_all(
      kListener,
      {{"Address: ::", "an IPv6 address needs quotes here; write \"::\"", "Address: \"::\""},
       {"Address: 2001:db8::", "an IPv6 address needs quotes here; write \"2001:db8::\"",
        "Address: \"2001:db8::\""},
       {"Address: [::1]", "an IPv6 address needs quotes here; write \"::1\" without the brackets",
        "Address: \"::1\""},
       {"Address: [2001:db8::1]",
        "`Address` is a list, expected an IP address, a host name or the path of a Unix socket; "
        "leave the brackets out",
        "Address: 2001:db8::1"},
       {"Address: '*'",
        "`Address` is text \"*\", expected an IP address, a host name or the path of a Unix "
        "socket; write 0.0.0.0 or \"::\" for all addresses",
        "Address: \"::\""},
       {"Address: '::ffff:10.0.0.1'",
        "`Address` is text \"::ffff:10.0.0.1\", an IPv4 address in the form of IPv6; write "
        "10.0.0.1",
        "Address: 10.0.0.1"},
       {"Address: http://a.example",
        "`Address` is text \"http://a.example\", expected an IP address, a host name or the path "
        "of a Unix socket; write the host alone, not a URL",
        "Address: a.example"},
       {"Address: 192.0.2.0/24",
        "`Address` is text \"192.0.2.0/24\", expected an IP address, a host name or the path of a "
        "Unix socket; write one address, without a path or a network",
        "Address: 192.0.2.1"},
       {"Address: \"::1\"\n  Clients: {Allow: [::1/128]}",
        "an IPv6 address needs quotes here; write \"::1/128\"",
        "Address: \"::1\"\n  Clients: {Allow: [\"::1/128\"]}"},
       {"Address: \"::1\"\n  Clients: {Allow: /etc/hosts}", "write a file as `file:/etc/hosts`",
        "Address: \"::1\"\n  Clients: {Allow: \"file:/etc/hosts\"}"},
       {"Address: \"::1\"\n  Clients: {Allow: 10.0.0.1/8}", "write 10.0.0.0/8",
        "Address: \"::1\"\n  Clients: {Allow: 10.0.0.0/8}"},
       {"Address: \"::1\"\n  Clients: {Allow: 10.0.0.0/255.0.0.0}",
        "write the prefix as a number of bits such as /24",
        "Address: \"::1\"\n  Clients: {Allow: 10.0.0.0/8}"}});
}

TEST_CASE("advice: a blank after the colon") {
  follow_all(kListener, {{"Address:127.0.0.1",
                          "a blank is missing after `Address:`; write `Address: 127.0.0.1`",
                          "Address: 127.0.0.1"},
                         {"Address:127.0.0.1\n  Threads: 8",
                          "a blank is missing after `Address:`; write `Address: 127.0.0.1`",
                          "Address: 127.0.0.1\n  Threads: 8"}});
  follow_all(kBackend, {{"{Address:127.0.0.1, Port: 80}",
                         "a blank is missing after `Address:`; write `Address: 127.0.0.1`",
                         "{Address: 127.0.0.1, Port: 80}"},
                        {"{Address: 127.0.0.1, Port:80}",
                         "a blank is missing after `Port:`; write `Port: 80`",
                         "{Address: 127.0.0.1, Port: 80}"}});
  follow_all(kGlobal, {{"User:nobody",
                        "`Global` is text \"User:nobody\", expected a mapping; a blank is missing "
                        "after `User:`; write `User: nobody`",
                        "User: nobody"}});
}

TEST_CASE("advice: names that are nearly right") {
  follow_all(kBackend,
             {{"{Adress: 127.0.0.1, Port: 80}",
               "unknown key `Adress` in a backend; did you mean `Address`?",
               "{Address: 127.0.0.1, Port: 80}"},
              {"{Address: 127.0.0.1, Port: 80, Priority: 3}",
               "unknown key `Priority` in a backend; did you mean `Weight`?",
               "{Address: 127.0.0.1, Port: 80, Weight: 3}"},
              {"{Address: 127.0.0.1, Port: 80, HTTPS: true}",
               "unknown key `HTTPS` in a backend; write `TLS: true`",
               "{Address: 127.0.0.1, Port: 80, TLS: true}"},
              {"{Address: 127.0.0.1, Port: 80, HAport: 8081}",
               "unknown key `HAport` in a backend; write `Check: {Port: 8081}`",
               "{Address: 127.0.0.1, Port: 80, Check: {Port: 8081}}"},
              {"{Address: 127.0.0.1, Port: 80, HeadRemove: Server}",
               "unknown key `HeadRemove` in a backend; to remove a header from responses, write "
               "`Reply: {Remove: X-Name}`",
               "{Address: 127.0.0.1, Port: 80, Reply: {Remove: X-Name}}"},
              {"{Address: 127.0.0.1:80, Port: 80}",
               "`Address` is text \"127.0.0.1:80\", expected an IP address, a host name or the "
               "path of a Unix socket; the port belongs under `Port`",
               "{Address: 127.0.0.1, Port: 80}"},
              {"{Address: 'unix:/run/a', Port: 80}",
               "`Address` is text \"unix:/run/a\", expected an IP address, a host name or the path "
               "of a Unix socket; a Unix socket is its path alone, which begins with `/`",
               "{Address: /run/a}"},
              {"{Address: /run/a, Port: 80}",
               "`Port` goes with an IP address or a host name; leave it out, as `Address` is the "
               "path of a Unix socket",
               "{Address: /run/a}"},
              {"{Address: /run/../a}",
               "`Address` is text \"/run/../a\"; write the path without "
               "`..`",
               "{Address: /a}"},
              {"{Address: 127.0.0.1, Port: [80]}",
               "`Port` is a list, expected a whole number from 1 to 65535; leave the brackets out",
               "{Address: 127.0.0.1, Port: 80}"},
              {"{Address: 127.0.0.1, Port: 80, TimeOut: 5s}",
               "`TimeOut` is text \"5s\", expected whole seconds from 1 to 86400, without a unit",
               "{Address: 127.0.0.1, Port: 80, TimeOut: 5}"},
              {"{Address: 127.0.0.1, Port: 80, HeadAdd: {X-A: b}}",
               "`HeadAdd` is a mapping, expected a header as `Name: value`, or a list of them; put "
               "the whole text in quotes",
               "{Address: 127.0.0.1, Port: 80, HeadAdd: \"X-A: b\"}"}});
  follow_all(kGlobal, {{"LogFacility: demon", "did you mean `daemon`?", "LogFacility: daemon"},
                       {"AccessLog: combind", "did you mean `combined`?", "AccessLog: combined"},
                       {"LogLevel: 1",
                        "unknown key `LogLevel` in Global; write `AccessLog: "
                        "combined`",
                        "AccessLog: combined"},
                       {"Threads: 4",
                        "unknown key `Threads` in Global; for the number of processes, write "
                        "`Workers: 4`",
                        "Workers: 4"},
                       {"Daemon: 1",
                        "unknown key `Daemon` in Global; leave it out; the option -F keeps pound "
                        "in the foreground",
                        "Grace: 1"},
                       {"Lint: -unused-backends",
                        "`Lint` has text \"-unused-backends\", which is no kind of warning; did "
                        "you mean `-unused-backend`?",
                        "Lint: -unused-backend"},
                       {"Lint: [weak-key]",
                        "`Lint` has text \"weak-key\"; to silence this kind of warning, write "
                        "`-weak-key`",
                        "Lint: [-weak-key]"},
                       {"TrustedProxies: []",
                        "`TrustedProxies` is an empty list; leave it out if no proxy is trusted",
                        "Grace: 1"},
                       {"AccessLog: '{client'",
                        "the format of `AccessLog` has a `{` without `}`; for the character itself "
                        "write `{{`",
                        "AccessLog: '{{client {status}'"}});
}

TEST_CASE("advice: keys that a listener does not have") {
  const std::string add = "; to add a header to requests, write `Request: {Add: {X-Name: value}}`";
  const std::string remove =
      "; to remove a header from requests, write `Request: {Remove: X-Name}`";
  const std::string address = "Address: 192.0.2.1\n  ";
  follow_all(
      kListener,
      {{address + "AddHeader: 'X-Name: value'", "unknown key `AddHeader` in an HTTP listener" + add,
        address + "Request: {Add: {X-Name: value}}"},
       {address + "HeadRemove: X-Name", "unknown key `HeadRemove` in an HTTP listener" + remove,
        address + "Request: {Remove: X-Name}"},
       {address + "xHTTP: 2",
        "unknown key `xHTTP` in an HTTP listener; leave it out: all registered methods are taken; "
        "for others, write `Methods: [PURGE]`",
        address + "Methods: [PURGE]"},
       {address + "Change30x: 1",
        "unknown key `Change30x` in an HTTP listener; write `RewriteLocation: 1`",
        address + "RewriteLocation: 1"},
       {address + "LogLevel: 2",
        "unknown key `LogLevel` in an HTTP listener; write `AccessLog: combined`",
        address + "AccessLog: combined"},
       {address + "Protocols: h2",
        "`Protocols` has text \"h2\", expected h2c or http/1.1; without TLS, HTTP/2 is called "
        "`h2c`",
        address + "Protocols: [h2c, http/1.1]"}});
  // What has no error left but that certificates are missing, which are not read here.
  const std::string certificates = "Certificates: a.pem\n  ";
  follow_all(
      kHttpsListener,
      {{"Cert: a.pem", "unknown key `Cert` in an HTTPS listener; did you mean `Certificates`?",
        "Certificates: a.pem"},
       {certificates + "Disable: TLSv1",
        "unknown key `Disable` in an HTTPS listener; for the oldest version of TLS, write `MinTLS: "
        "1.2`",
        certificates + "MinTLS: 1.2"},
       {certificates + "CAlist: ca.pem",
        "unknown key `CAlist` in an HTTPS listener; write `ClientCert: {Mode: ask, CA: "
        "/etc/pound/ca.pem}`",
        certificates + "ClientCert: {Mode: ask, CA: /etc/pound/ca.pem}"},
       {certificates + "CRLlist: crl.pem",
        "unknown key `CRLlist` in an HTTPS listener; write `ClientCert: {Mode: ask, CA: "
        "/etc/pound/ca.pem, CRL: /etc/pound/crl.pem}`",
        certificates + "ClientCert: {Mode: ask, CA: /etc/pound/ca.pem, CRL: /etc/pound/crl.pem}"},
       {certificates + "AddHeader: 'X-Name: value'",
        "unknown key `AddHeader` in an HTTPS listener" + add,
        certificates + "Request: {Add: {X-Name: value}}"},
       {certificates + "Protocols: [h2c, http/1.1]",
        "`Protocols` has text \"h2c\", expected h2 or http/1.1; with TLS, HTTP/2 is called `h2`",
        certificates + "Protocols: [h2, http/1.1]"}});
}

TEST_CASE("advice: keys at another place") {
  const std::string listener = "unknown key `Host` in an HTTP listener; it belongs in a service";
  follow_all(kListener,
             {{"Address: 192.0.2.1\n  Host: a.example", listener, "Address: 192.0.2.1"}});
  follow_all(kService,
             {{"Port: 80",
               "unknown key `Port` in a service; it belongs in a backend, an HTTP listener or an "
               "HTTPS listener",
               "Host: a.example"},
              {"AddHeader: 'X-Name: value'",
               "unknown key `AddHeader` in a service; to add a header to requests, write "
               "`Request: {Add: {X-Name: value}}`",
               "Request: {Add: {X-Name: value}}"}});
}

TEST_CASE("advice: values of a service") {
  follow_all(
      kService,
      {{"Host: '*'", "`Host` has text \"*\"; leave `Host` away to match every host", "Path: /"},
       {"Host: 'http://a.example'",
        "`Host` has text \"http://a.example\"; write the host alone, not a URL", "Host: a.example"},
       {"Host: a.example/x", "`Host` has text \"a.example/x\"; a path belongs under `Path`",
        "Host: a.example\n    Path: /x"},
       {"Host: a*.example",
        "`Host` has text \"a*.example\"; an asterisk stands for whole labels at the beginning "
        "only, "
        "as in `*.example.com`",
        "Host: '*.example'"},
       {"Host: a.example:80",
        "`Host` has text \"a.example:80\"; write it without a port: that of the request is ignored",
        "Host: a.example"},
       {"Host: '^a\\.example$'",
        "`Host` has text \"^a\\.example$\"; this is no regular expression; those belong under "
        "`HeadRequire`",
        "HeadRequire: '^Host: a\\.example$'"},
       {"Path: a", "`Path` has text \"a\"; a path begins with `/`", "Path: /a"},
       {"Path: /a?b=c",
        "`Path` has text \"/a?b=c\"; write the path alone; a query belongs under `Query`",
        "Path: /a\n    Query: {b: ^c$}"},
       {"Path: ^/a", "`Path` has text \"^/a\"; a path begins with `/`", "URL: ^/a"},
       {"Path: /a*",
        "`Path` has text \"/a*\"; this is the beginning of a path, no pattern; those belong under "
        "`URL`",
        "URL: ^/a"},
       {"Path: /a//b", "`Path` has text \"/a//b\"; write it in its normal form, without `//`",
        "Path: /a/b"},
       {"Session: {Typ: IP, TTL: 300}", "did you mean `Type`?", "Session: {Type: IP, TTL: 300}"},
       {"Balance: roundrobbin", "did you mean `roundrobin`?", "Balance: roundrobin"},
       {"URL: \"\\d\"",
        "unknown escape in a text with double quotes; put regular expressions in single quotes",
        "URL: '\\d'"}});
}

TEST_CASE("advice: lists, aliases and anchors") {
  const std::string backends =
      "Backends:\n- &one {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Services:\n  {}\n";
  follow_all(
      backends,
      {{"- Backends: *onw", "no anchor `&onw` is defined before this alias; did you mean `*one`?",
        "- Backends: *one"},
       {"- Backends: one",
        "an item of `Backends` is text \"one\", expected an alias of a backend, such as "
        "`*be`; did you mean `*one`?",
        "- Backends: *one"},
       {"  Backends: *one",
        "`Services` is a mapping, expected a list of services; put `- ` before the first "
        "key of each",
        "- Backends: *one"}});
}
