// Why a service does not take a request.
#include "worker/route/judgement.h"

#include "t/unit/route/matching.h"

namespace {

std::string why(const std::string& service, const std::string& path_query,
                const std::string& more = "", const std::string& method = "GET") {
  const auto services = matching::services({service});
  const std::string lines = matching::lines_of("www.test", more);
  worker::route::Subject subject;
  subject.start(method, path_query, lines);
  const worker::route::Judgement judgement = worker::route::judge(services[0], subject);
  if (judgement.holds()) return "taken";
  return std::string(judgement.key) + " " + judgement.wanted +
         (judgement.denies ? " is in " : " is not in ") + judgement.in;
}

}  // namespace

TEST_CASE("judgement: the first condition that does not hold, and where it was looked for") {
  const std::string service = "URL: ^/a, HeadRequire: ['^A: 1', '^B: 2'], HeadDeny: '^X: bad'";
  CHECK(why(service, "/b", "A: 1\r\nB: 2\r\n") == "URL ^/a is not in /b");
  CHECK(why(service, "/b//c", "A: 1\r\nB: 2\r\n") == "URL ^/a is not in /b//c and /b/c");
  CHECK(why(service, "/x/../a", "A: 1\r\nB: 2\r\n") == "taken");
  CHECK(why(service, "/a", "A: 1\r\n\r\nB: 2\r\n") == "HeadRequire ^B: 2 is not in the fields");
  CHECK(why(service, "/a", "A: 1\r\nB: 2\r\nX: bad thing\r\n") ==
        "HeadDeny ^X: bad is in X: bad thing");
  CHECK(why("", "/") == "taken");
}

TEST_CASE("judgement: matchers come first, Not comes last") {
  CHECK(why("Host: [a.test, '*.b.test']", "/") == "Host a.test, *.b.test is not in www.test");
  CHECK(why("Path: /a, URL: ^/a", "/b//?q") == "Path /a is not in /b/");
  CHECK(why("Methods: [PUT, POST]", "/") == "Methods PUT, POST is not in GET");
  CHECK(why("Query: {a: [x, y]}", "/?a=z") == "Query a: x, a: y is not in the query");
  CHECK(why("Header: {X-A: x}", "/") == "Header x-a: x is not in the fields");
  CHECK(why("Not: {Host: www.test, Path: /a}", "/a") ==
        "Not Host www.test; Path /a is in the request");
  CHECK(why("Not: {Host: www.test, Path: /a}", "/b") == "taken");
}

TEST_CASE("judgement: long lists are shown in part") {
  std::string list;
  for (int i = 0; i < 20; ++i) list += (i == 0 ? "/p" : ", /p") + std::to_string(i);
  CHECK(why("Path: [" + list + "]", "/") ==
        "Path /p0, /p1, /p2, /p3, /p4, /p5, /p6, /p7 and 12 more is not in /");
}
