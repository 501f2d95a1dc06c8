// The request that somebody asks about, and its listener.
#include "worker/explain/question.h"

#include "t/unit/explain/inquiry.h"

using explain_test::House;
using worker::explain::AskedRequest;
using worker::explain::BadQuestion;
using worker::explain::Question;
using worker::explain::read_question;

namespace {

const House& house() {
  static const House made(R"(---
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8080
    Services: []
  - Address: 0.0.0.0
    Port: 8081
    Services: []
  - Address: 192.0.2.1
    Port: 8081
    Services: []
  - Address: /run/pound/front.sock
    Services: []
...
)");
  return made;
}

AskedRequest asked(Question question) { return read_question(house().config, question); }

std::string refused(const Question& question) {
  try {
    read_question(house().config, question);
  } catch (const BadQuestion& bad) {
    return bad.what();
  }
  return "taken";
}

constexpr char kAll[] =
    "the listeners are 127.0.0.1:8080 (http), 0.0.0.0:8081 (http), 192.0.2.1:8081 (http), "
    "/run/pound/front.sock (http)";

}  // namespace

TEST_CASE("question: the head is what a client would send") {
  CHECK(asked({.method = "GET", .url = "http://127.0.0.1:8080/a?b#c"}).head ==
        "GET /a?b#c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  CHECK(asked({.method = "PUT", .url = "HTTP://www.test:8080", .fields = {"A: 1", "B: 2"}}).head ==
        "PUT / HTTP/1.1\r\nHost: www.test:8080\r\nA: 1\r\nB: 2\r\n\r\n");
  CHECK(asked({.method = "GET", .url = "http://www.test:8080?q", .fields = {"hOst: other"}}).head ==
        "GET /?q HTTP/1.1\r\nhOst: other\r\n\r\n");
  CHECK(asked({.method = "OPTIONS", .url = "*", .listener = "127.0.0.1:8080"}).head ==
        "OPTIONS * HTTP/1.1\r\n\r\n");
}

TEST_CASE("question: the listener at the very address comes first") {
  CHECK(asked({.method = "GET", .url = "http://127.0.0.1:8080/"}).listener == 0);
  CHECK(asked({.method = "GET", .url = "http://192.0.2.1:8081/"}).listener == 2);
  CHECK(asked({.method = "GET", .url = "http://192.0.2.9:8081/"}).listener == 1);
  CHECK(asked({.method = "GET", .url = "http://www.test:8080/"}).listener == 0);
  CHECK(asked({.method = "GET", .url = "/", .listener = "/run/pound/front.sock"}).listener == 3);
}

TEST_CASE("question: what leads to no listener is refused") {
  CHECK(refused({.method = "GET", .url = "http://www.test:8081/"}) ==
        "several listeners may get it: 0.0.0.0:8081 (http), 192.0.2.1:8081 (http); --listener NAME "
        "says which one");
  CHECK(refused({.method = "GET", .url = "https://127.0.0.1:8080/"}) ==
        std::string("no listener takes https for 127.0.0.1 at port 8080; ") + kAll);
  CHECK(refused({.method = "GET", .url = "http://[::1]/"}) ==
        std::string("no listener takes http for ::1 at port 80; ") + kAll);
  CHECK(refused({.method = "GET", .url = "http://192.0.2.9:8080/"}) ==
        std::string("no listener takes http for 192.0.2.9 at port 8080; ") + kAll);
  CHECK(refused({.method = "GET", .url = "/", .listener = "127.0.0.1:1"}) ==
        std::string("there is no listener `127.0.0.1:1`; ") + kAll);
  CHECK(refused({.method = "GET", .url = "/x"}) == "the URL must begin with http:// or https://");
  CHECK(refused({.method = "GET", .url = "", .listener = "127.0.0.1:8080"}) ==
        "the URL must begin with http:// or https://, or be the target of a request");
  CHECK(refused({.method = "GET", .url = "http://127.0.0.1:8080/", .peer = "here"}) ==
        "the client's address `here` is no IP address");
}
