// Tests of conf/address_list: the items of a key, and the lines of a file.
#include "conf/address_list.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

using conf_test::load;
using conf_test::with_service;

namespace {

std::string listed(const conf::AddressList& list) {
  std::string text;
  for (const conf::AddressItem& item : list) {
    text += item.file.empty() ? conf::network_text(item.network) : "<" + item.file + ">";
    text += " ";
  }
  return text;
}

// The networks of a text with their positions, and the messages.
std::string lines_of(const std::string& text) {
  conf::Diagnostics diagnostics;
  conf::AddressLines lines(conf_test::source(text));
  conf::Network network;
  std::string found;
  while (lines.next(network, diagnostics)) {
    found += std::to_string(lines.line()) + ":" + std::to_string(lines.column()) + " " +
             conf::network_text(network) + "\n";
  }
  CHECK(lines.has_errors() == diagnostics.has_errors());
  return found + diagnostics.text();
}

}  // namespace

TEST_CASE("address_list: the items of a key") {
  const auto loaded = load("Global:\n  TrustedProxies: [192.0.2.1, 2001:db8::/32, 'file:/a b']\n" +
                           with_service(""));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  const conf::AddressList& list = loaded.config->global.trusted_proxies;
  CHECK(listed(list) == "192.0.2.1 2001:db8::/32 </a b> ");
  CHECK(list.at(2).where.line == 2);
  CHECK(list.at(2).where.column == 46);
  CHECK_FALSE(loaded.config->listeners.at(0).trusted_proxies);
}

TEST_CASE("address_list: a listener has its own list, even an empty one") {
  const std::string listener =
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  TrustedProxies: ";
  const auto one = load(listener + "10.0.0.0/8\n");
  REQUIRE_MESSAGE(one.config, one.messages);
  REQUIRE(one.config->listeners.at(0).trusted_proxies);
  CHECK(listed(*one.config->listeners[0].trusted_proxies) == "10.0.0.0/8 ");
  const auto none = load(listener + "[]\n");
  REQUIRE_MESSAGE(none.config, none.messages);
  REQUIRE(none.config->listeners.at(0).trusted_proxies);
  CHECK(none.config->listeners[0].trusted_proxies->empty());
}

TEST_CASE("address_list: faulty items are reported where they are") {
  const auto messages = [](const std::string& list) {
    return load("Global:\n  TrustedProxies: " + list + "\n" + with_service("")).messages;
  };
  CHECK(messages("192.0.2.1/24") ==
        "t:2:19: error: `TrustedProxies` has text \"192.0.2.1/24\", which has bits set behind its "
        "prefix; "
        "write 192.0.2.0/24\n    TrustedProxies: 192.0.2.1/24\n                    ^\n");
  CHECK(
      messages("[10.0.0.0/8, proxy.example.com]") ==
      "t:2:32: error: `TrustedProxies` has text \"proxy.example.com\", expected an IP address or a "
      "network such as 192.0.2.0/24\n    TrustedProxies: [10.0.0.0/8, proxy.example.com]\n"
      "                                 ^\n");
  CHECK(messages("/etc/cdn.txt")
            .find("has text \"/etc/cdn.txt\", write a file as `file:/etc/cdn.txt`\n") !=
        std::string::npos);
  CHECK(messages("'file:'").find("has text \"file:\", expected the path of a file behind it\n") !=
        std::string::npos);
  CHECK(messages("[]").find("t:2:19: error: `TrustedProxies` is an empty list; leave it out if no "
                            "proxy is trusted\n") != std::string::npos);
  CHECK(messages("{a: b}").find("expected an IP address, a network such as `192.0.2.0/24` or a "
                                "file as `file:PATH`, or a list of them") != std::string::npos);
}

TEST_CASE("address_list: lists that say the same have the same identity") {
  const auto identity = [](const std::string& list) {
    const auto loaded = load("Global:\n  TrustedProxies: " + list + "\n" + with_service(""));
    REQUIRE_MESSAGE(loaded.config, loaded.messages);
    return conf::identity(loaded.config->global.trusted_proxies);
  };
  CHECK(identity("[10.0.0.0/8, '::1']") == identity("['::ffff:10.0.0.0/104', '::1/128']"));
  CHECK(identity("[10.0.0.0/8]") != identity("[10.0.0.0/9]"));
  CHECK(identity("['file:a']") != identity("['file:b']"));
  CHECK(identity("[10.0.0.1, 10.0.0.2]") != identity("[10.0.0.1]"));
}

TEST_CASE("address_list: the lines of a file") {
  CHECK(lines_of("") == "");
  CHECK(lines_of("\n\n  \n# 192.0.2.1\n") == "");
  CHECK(lines_of("192.0.2.1") == "1:1 192.0.2.1\n");
  CHECK(lines_of("\xef\xbb\xbf"
                 "192.0.2.1\r\n\r\n 2001:db8::/32 # v6\r\n#\r\n\t10.0.0.0/8\t\r\n") ==
        "1:1 192.0.2.1\n3:2 2001:db8::/32\n5:2 10.0.0.0/8\n");
  CHECK(lines_of("192.0.2.1#x") == "1:1 192.0.2.1\n");
  CHECK(lines_of("1.2.3.4\n1.2.3.5\r1.2.3.6\n") == "1:1 1.2.3.4\n2:1 1.2.3.5\n3:1 1.2.3.6\n");
}

TEST_CASE("address_list: faulty lines of a file") {
  CHECK(lines_of("192.0.2.1\n  allow 192.0.2.1;\n10.0.0.1/8\n192.0.2.2\n") ==
        "1:1 192.0.2.1\n4:1 192.0.2.2\n"
        "t:2:3: error: `allow 192.0.2.1;`, expected an IP address or a network such as "
        "192.0.2.0/24\n    allow 192.0.2.1;\n    ^\n"
        "t:3:1: error: `10.0.0.1/8`, which has bits set behind its prefix; write 10.0.0.0/8\n"
        "  10.0.0.1/8\n  ^\n");
  CHECK(lines_of(std::string("1.2.3.4\0\n", 9)) ==
        "t:1:1: error: `1.2.3.4\\x00`, expected an IP address or a network such as "
        "192.0.2.0/24\n  1.2.3.4\\x00\n  ^\n");
}

TEST_CASE("address_list: a file of something else is given up") {
  std::string text;
  for (int i = 0; i < conf::AddressLines::kMostErrors; ++i) text += "x\n";
  const auto count = [](const std::string& messages, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = messages.find(what, at)) != messages.npos; ++at) ++found;
    return found;
  };
  const std::string all = lines_of(text + "192.0.2.1\n");
  CHECK(count(all, "error: ") == conf::AddressLines::kMostErrors);
  CHECK(count(all, "t:20:1: note: reading stops here\n") == 1);
  CHECK(count(all, "192.0.2.1\n") == 0);
  CHECK(count(lines_of(text.substr(2) + "192.0.2.1\n"), "20:1 192.0.2.1\n") == 1);
}
