// Host, Path, Methods, Query, Header and Not, as the router sees them.
#include <random>

#include "t/unit/route/matching.h"
#include "worker/route/judgement.h"

using matching::Site;

TEST_CASE("matchers: names of hosts, without port, dot at the end and letter case") {
  Site site({"Host: www.a.test", "Host: [b.test, 192.0.2.1, '2001:db8::1']"});
  CHECK(site.ask("www.a.test", "/") == "0");
  CHECK(site.ask("WWW.A.Test:8080", "/") == "0");
  CHECK(site.ask("www.a.test.", "/") == "0");
  CHECK(site.ask("www.a.test.:80", "/") == "0");
  CHECK(site.ask("a.test", "/") == "none");
  CHECK(site.ask("x.www.a.test", "/") == "none");
  CHECK(site.ask("b.test", "/") == "1");
  CHECK(site.ask("192.0.2.1", "/") == "1");
  CHECK(site.ask("[2001:DB8::1]:443", "/") == "1");
  CHECK(site.ask("", "/") == "none");
}

TEST_CASE("matchers: a wildcard stands for one label or more") {
  Site site({"Host: '*.a.test'"});
  CHECK(site.ask("x.a.test", "/") == "0");
  CHECK(site.ask("y.x.A.test:1", "/") == "0");
  CHECK(site.ask("a.test", "/") == "none");
  CHECK(site.ask("xa.test", "/") == "none");
  CHECK(site.ask(".a.test", "/") == "none");
}

TEST_CASE("matchers: the order of the file decides, not which name is longer") {
  Site site({"Host: '*.test'", "Host: a.test"});
  CHECK(site.ask("a.test", "/") == "0");
  Site other({"Host: a.test", "Host: '*.test'", ""});
  CHECK(other.ask("a.test", "/") == "0");
  CHECK(other.ask("b.test", "/") == "1");
  CHECK(other.ask("test", "/") == "2");
}

TEST_CASE("matchers: names in other scripts") {
  Site site({"Host: [bücher.test, '*.МОСКВА.test']"});
  CHECK(site.all()[0].matchers.hosts[0].name == "xn--bcher-kva.test");
  CHECK(site.ask("XN--BCHER-KVA.test", "/") == "0");
  CHECK(site.ask("a.xn--80adxhks.test", "/") == "0");
}

TEST_CASE("matchers: paths begin with whole segments") {
  Site site({"Path: /api", "Path: [/img/, /a/b/c]", "Path: /"});
  CHECK(site.ask("h", "/api") == "0");
  CHECK(site.ask("h", "/api/") == "0");
  CHECK(site.ask("h", "/api/v1?x=/img") == "0");
  CHECK(site.ask("h", "/api?x") == "0");
  CHECK(site.ask("h", "/apis") == "2");
  CHECK(site.ask("h", "/API") == "2");
  CHECK(site.ask("h", "/img") == "1");
  CHECK(site.ask("h", "/img/x") == "1");
  CHECK(site.ask("h", "/a/b/c/d/e") == "1");
  CHECK(site.ask("h", "/a/b") == "2");
  CHECK(site.ask("h", "*") == "none");
}

TEST_CASE("matchers: paths are compared in their normal form") {
  Site site({"Path: /admin", "Path: /caf%c3%a9"});
  for (const char* path : {"//admin", "/%61dmin", "/./admin", "/x/../admin/y", "/;/admin",
                           "/x/..%2fadmin?q", "/admin;v=1/x"}) {
    CAPTURE(path);
    CHECK(site.ask("h", path) == "0");
  }
  CHECK(site.ask("h", "/admin/../x") == "none");
  CHECK(site.ask("h", "/caf%C3%A9/x") == "1");
}

TEST_CASE("matchers: methods, parameters and fields") {
  Site site({"Methods: [PUT, PURGE]", "Query: {lang: ^de$, n: '^[0-9]+$'}",
             "Header: {X-Kind: [^a, b$]}", "Query: {'ü&': ^$}"});
  CHECK(site.ask("h", "/", "", "PUT") == "0");
  CHECK(site.ask("h", "/", "", "PURGE") == "0");
  CHECK(site.ask("h", "/", "", "put") == "none");
  CHECK(site.ask("h", "/?lang=de&n=12") == "1");
  CHECK(site.ask("h", "/?n=x&lang=en&lang=%64e&n=1") == "1");
  CHECK(site.ask("h", "/?lang=de") == "none");
  CHECK(site.ask("h", "/?Lang=de&n=1") == "none");
  CHECK(site.ask("h", "/lang=de&n=1") == "none");
  CHECK(site.ask("h", "/", "x-kind: Ab\r\n") == "2");
  CHECK(site.ask("h", "/", "X-Kind: c\r\nX-KIND: ab\r\n") == "2");
  CHECK(site.ask("h", "/", "X-Kind: ba\r\n") == "none");
  CHECK(site.ask("h", "/?%c3%bc%26") == "3");
  CHECK(site.ask("h", "/?%c3%bc%26=") == "3");
}

TEST_CASE("matchers: all keys must hold") {
  Site site(
      {"Host: a.test, Path: /x, Methods: GET, Query: {q: .}, Header: {A: 1}, URL: y$, "
       "HeadRequire: '^B: 2', HeadDeny: '^C:', Not: {Path: /x/no}"});
  const std::string fields = "A: 1\r\nB: 2\r\n";
  CHECK(site.ask("a.test", "/x?q=y", fields) == "0");
  CHECK(site.ask("b.test", "/x?q=y", fields) == "none");
  CHECK(site.ask("a.test", "/z?q=y", fields) == "none");
  CHECK(site.ask("a.test", "/x?q=y", fields, "HEAD") == "none");
  CHECK(site.ask("a.test", "/x?q=&y", fields) == "none");
  CHECK(site.ask("a.test", "/x?q=y", "A: 2\r\nB: 2\r\n") == "none");
  CHECK(site.ask("a.test", "/x?q=yx", fields) == "none");
  CHECK(site.ask("a.test", "/x?q=y", "A: 1\r\n") == "none");
  CHECK(site.ask("a.test", "/x?q=y", fields + "C: 1\r\n") == "none");
  CHECK(site.ask("a.test", "/x/no/z?q=y", fields) == "none");
}

TEST_CASE("matchers: an item of Not is what must not hold as a whole") {
  Site site({"Not: {Path: /a, Methods: POST}", "Not: [{Host: x.test}, {Query: {q: .}}]"});
  CHECK(site.ask("h", "/a") == "0");
  CHECK(site.ask("h", "/b", "", "POST") == "0");
  CHECK(site.ask("h", "/a", "", "POST") == "1");
  CHECK(site.ask("x.test", "/a", "", "POST") == "none");
  CHECK(site.ask("h", "/a?q=1", "", "POST") == "none");
}

TEST_CASE("matchers: ten thousand hosts with as many paths") {
  std::vector<std::string> texts;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    texts.push_back("Host: h" + n + ".test, Path: /p" + std::to_string(i % 10));
  }
  texts.push_back("");
  Site site(texts);
  CHECK(site.ask("h0.test", "/p0") == "0");
  CHECK(site.ask("h9999.test", "/p9/x") == "9999");
  CHECK(site.ask("h9999.test", "/p8") == "10000");
}

namespace {

const std::vector<std::string> kHosts{"a.test", "b.test", "x.a.test", "y.x.a.test", "test"};
const std::vector<std::string> kPaths{"/", "/a", "/a/b", "/a/b/c", "/ab", "/b"};
const std::vector<std::string> kMethods{"GET", "POST", "PURGE"};

class Chooser {
 public:
  const std::string& one(const std::vector<std::string>& list) { return list[below(list.size())]; }
  std::size_t below(std::size_t n) { return random_() % n; }
  std::string some(const std::string& key, const std::vector<std::string>& list) {
    std::string text = key + ": [" + one(list);
    const std::string other = one(list);
    if (text.find("[" + other) == std::string::npos) text += ", " + other;
    return text + "]";
  }
  std::string matchers() {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (below(2) == 0) add(some("Host", {"a.test", "b.test", "'*.a.test'", "'*.test'"}));
    if (below(2) == 0) add(some("Path", kPaths));
    if (below(4) == 0) add(some("Methods", kMethods));
    if (below(4) == 0) add("Query: {q: '" + one({"^1", "2$", "."}) + "'}");
    if (below(4) == 0) add("Header: {K: ['" + one({"^1", "2$"}) + "', x]}");
    return text;
  }
  std::string service() {
    std::string text = matchers();
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (below(5) == 0) add("URL: '" + one({"^/a", "b", "c$"}) + "'");
    if (below(5) == 0) add("HeadRequire: ['^K: " + one({"1", "2"}) + "', '^Host: .']");
    if (below(5) == 0) add("HeadDeny: '^K: " + one({"1", "x"}) + "'");
    if (below(4) == 0) {
      const std::string unwanted = matchers();
      if (!unwanted.empty()) add("Not: {" + unwanted + "}");
    }
    return text;
  }

 private:
  std::mt19937 random_{7};
};

}  // namespace

TEST_CASE("matchers: the router chooses the first service that is judged to hold") {
  Chooser choose;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::string> texts;
    for (int i = 0; i < 12; ++i) texts.push_back(choose.service());
    Site site(texts);
    for (int asked = 0; asked < 40; ++asked) {
      const std::string host = choose.one(kHosts);
      const std::string path = choose.one(kPaths) + choose.one({"", "/", "?q=1", "?q=2&q=x", "c"});
      const std::string more = choose.one({"", "K: 1\r\n", "K: x\r\nk: 2\r\n"});
      const std::string method = choose.one(kMethods);
      worker::route::Subject subject;
      const std::string lines = matching::lines_of(host, more);
      subject.start(method, path, lines);
      std::string expected = "none";
      for (std::size_t i = texts.size(); i-- > 0;) {
        if (worker::route::judge(site.all()[i], subject).holds()) expected = std::to_string(i);
      }
      INFO(host, path, more, method);
      CHECK(site.ask(host, path, more, method) == expected);
    }
  }
}
