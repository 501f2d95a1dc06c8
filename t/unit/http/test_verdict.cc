// The table of reasons, on which the access record and the manual rely.
#include "worker/http/verdict.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

using namespace worker::http;

TEST_CASE("verdict: codes are unique, statuses are errors, texts are sentences") {
  std::set<std::string_view> codes;
  for (std::size_t i = 1; i < kReasons; ++i) {
    const ReasonInfo& reason = info(static_cast<Reason>(i));
    CAPTURE(reason.code);
    CHECK(codes.insert(reason.code).second);
    CHECK(reason.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
          std::string_view::npos);
    CHECK(reason.status >= 400);
    CHECK(reason.status <= 505);
    CHECK(reason.text.ends_with('.'));
    CHECK(reason.section.starts_with("RFC "));
    CHECK(reason.code.starts_with("response_") == (reason.status == 502));
  }
}

TEST_CASE("verdict: statuses") {
  CHECK(info(Reason::bare_lf).code == "bare_lf");
  CHECK(info(Reason::bare_lf).status == 400);
  CHECK(info(Reason::method_unknown).status == 405);
  CHECK(info(Reason::method_refused).status == 405);
  CHECK(info(Reason::request_line_too_long).status == 414);
  CHECK(info(Reason::expect_unknown).status == 417);
  CHECK(info(Reason::head_too_long).status == 431);
  CHECK(info(Reason::fields_too_many).status == 431);
  CHECK(info(Reason::te_unknown).status == 501);
  CHECK(info(Reason::version).status == 505);
}

TEST_CASE("verdict: the requests of HTTP/2 whose stream is reset") {
  std::size_t malformed = 0;
  for (std::size_t i = 0; i < kReasons; ++i) malformed += is_malformed(static_cast<Reason>(i));
  CHECK(malformed == 19);
  CHECK(is_malformed(Reason::h2_name_case));
  CHECK(is_malformed(Reason::control_char));
  CHECK(is_malformed(Reason::cl_many));
  CHECK(!is_malformed(Reason::none));
  CHECK(!is_malformed(Reason::head_too_long));
  CHECK(!is_malformed(Reason::h2_scheme));
  CHECK(!is_malformed(Reason::h2_protocol));
  CHECK(!is_malformed(Reason::response_field));
}

TEST_CASE("verdict: a refusal is true when it has a reason") {
  CHECK(!Refusal{});
  CHECK(static_cast<bool>(Refusal{Reason::bare_lf, 0}));
}

TEST_CASE("verdict: find_reason needs the exact code") {
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(find_reason(info(reason).code) == reason);
  }
  CHECK(find_reason("none") == Reason::none);
  CHECK(find_reason("") == Reason::none);
  CHECK(find_reason("Bare_LF") == Reason::none);
}

TEST_CASE("verdict: an excerpt shows at most 64 bytes of the line around the offset") {
  const std::string_view head = "GET / HTTP/1.1\r\nHost: a\r\nX-Y : b\r\n\r\n";
  CHECK(excerpt(head, 0) == "GET / HTTP/1.1");
  CHECK(excerpt(head, 4) == "GET / HTTP/1.1");
  CHECK(excerpt(head, 28) == "X-Y : b");
  CHECK(excerpt(head, 15) == "GET / HTTP/1.1\r\n");
  CHECK(excerpt(head, head.size()) == "");
  CHECK(excerpt("", 0) == "");
  const std::string line(200, 'x');
  CHECK(excerpt(line, 100).size() == kMaxExcerpt);
  CHECK(excerpt(line, 100).data() == line.data() + 76);
  CHECK(excerpt(line, 10).data() == line.data());
  CHECK(excerpt(line, 199).size() == 25);
}
