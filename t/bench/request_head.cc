// The cost of parsing, judging and rewriting one request head: `make bench-tables`.
//
// Measures the parser alone, then parser and sanitizer, then both and the writing of the head for
// the backend. Prints the best of many repeats, because other work of a busy machine only adds to a
// figure. Exits with 1 when a good head is refused. Asserts no time.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "t/bench/best_of.h"
#include "t/bench/report_errors.h"
#include "worker/http/http1_writer.h"
#include "worker/http/request_head.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;

namespace {

// A browser's request for a page that it has visited before: 12 fields.
constexpr std::string_view kBrowser =
    "GET /articles/2024/05/some-story?page=2&sort=newest HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;"
    "q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
    "Referer: https://www.example.com/articles/2024/05/\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "If-Modified-Since: Tue, 14 May 2024 10:00:00 GMT\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";
constexpr std::size_t kBrowserFields = 12;

constexpr std::string_view kLeast = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

// The same request with a cookie of 8 KiB.
std::string with_large_cookie() {
  std::string head(kBrowser);
  return head.insert(head.find("session=") + 8, std::string(8192, 'c'));
}

void parse(std::string_view bytes, RequestHead& head) {
  std::size_t scanned = 0;
  Refusal refusal;
  require(parse_request_head(bytes, scanned, head, refusal) == ParseStatus::complete,
          "a good head was refused");
}

void judge(const RequestHead& head, RequestFacts& facts) {
  require(!judge_request(head, facts), "a good request was refused");
}

void print_row(const char* name, std::string_view bytes) {
  const Forwarded forwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};
  RequestHead head;
  RequestFacts facts;
  std::string out;
  const double parsed = best_ns([&] { parse(bytes, head); });
  const double judged = best_ns([&] {
    parse(bytes, head);
    judge(head, facts);
  });
  const double written = best_ns([&] {
    parse(bytes, head);
    judge(head, facts);
    out.clear();
    write_request_head(head, facts, forwarded, out);
  });
  std::printf("%-24s %7zu %9zu %12.0f %12.0f %12.0f\n", name, bytes.size(), head.fields.size(),
              parsed, judged, written);
  require(bytes.size() < kBrowser.size() || head.fields.size() == kBrowserFields, "12 fields");
}

}  // namespace

int main() {
  return report_errors("request_head", [] {
    std::printf("%-24s %7s %9s %12s %12s %12s\n", "request head", "bytes", "fields", "parse, ns",
                "+ judge, ns", "+ write, ns");
    print_row("a browser's", kBrowser);
    print_row("with a cookie of 8 KiB", with_large_cookie());
    print_row("the least there is", kLeast);
  });
}
