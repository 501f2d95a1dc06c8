// The cost of HTTP/2's header blocks: `make bench-tables`.
//
// A browser's request with a warm table, as t/bench/request_head.cc has it for HTTP/1: decoding
// alone, then with the judge, then with the writing of the head for the backend. Then the block of
// a response. Prints the best of many repeats, because other work of a busy machine only adds to a
// figure. Exits with 1 when a good block is refused. Asserts no time.
#include <cstdio>
#include <string>
#include <string_view>

#include "t/bench/best_of.h"
#include "t/bench/report_errors.h"
#include "worker/http/http1_writer.h"
#include "worker/http/response_head.h"
#include "worker/http2/request_block.h"
#include "worker/http2/response_block.h"

using namespace worker::http;
using namespace worker::http2;

namespace {

// What does not change between two requests is in the table of the client's encoder, and comes
// after the first request as one byte; the path does not.
constexpr std::string_view kRepeated[] = {
    ":authority",
    "www.example.com",
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "accept-language",
    "en-US,en;q=0.5",
    "accept-encoding",
    "gzip, deflate, br, zstd",
    "te",
    "trailers",
    "referer",
    "https://www.example.com/articles/2024/05/",
    "cookie",
    "session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes",
    "upgrade-insecure-requests",
    "1",
    "sec-fetch-dest",
    "document",
    "if-modified-since",
    "Tue, 14 May 2024 10:00:00 GMT",
    "priority",
    "u=0, i",
};
constexpr std::size_t kBrowserFields = std::size(kRepeated) / 2;

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 14 May 2024 10:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Length: 1024\r\n"
    "Last-Modified: Tue, 14 May 2024 09:00:00 GMT\r\nETag: \"66433a10-400\"\r\n"
    "Cache-Control: max-age=3600\r\nAccept-Ranges: bytes\r\n\r\n";

void append_string(std::string& block, std::string_view text) {
  block.push_back(static_cast<char>(text.size()));  // below 127
  block.append(text);
}

std::string first_block() {
  std::string block;
  for (std::size_t i = 0; i < std::size(kRepeated); i += 2) {
    block.push_back('\x40');
    append_string(block, kRepeated[i]);
    append_string(block, kRepeated[i + 1]);
  }
  return block;
}

std::string later_block() {
  std::string block = "\x82\x87\x04";  // GET, https, and :path as a literal apart from the table
  append_string(block, "/articles/2024/05/some-story?page=2&sort=newest");
  for (std::size_t i = 0; i < kBrowserFields; ++i) {
    block.push_back(static_cast<char>(0x80 + 61 + kBrowserFields - i));
  }
  return block;
}

void time_requests() {
  Decoder decoder;
  const std::string block = later_block();
  require(decoder.skip(first_block()), "a good block was refused");
  RequestBlock request{.is_ended = true, .is_tls = true};
  RequestHead head;
  RequestFacts facts;
  std::string text;
  std::string out;
  const Forwarded forwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};
  const auto decode = [&] {
    Refusal refusal;
    require(
        decode_request(decoder, block, request, {}, text, head, refusal) == BlockStatus::complete,
        "a good request was refused");
  };
  const auto judge = [&] {
    decode();
    require(!judge_request(head, facts), "a good request was refused");
  };
  const double inflated = best_ns([&] { decoder.skip(block); });
  const double decoded = best_ns(decode);
  const double judged = best_ns(judge);
  const double written = best_ns([&] {
    judge();
    out.clear();
    write_request_head(head, facts, forwarded, out);
  });
  const double packed = best_ns([&] {
    decoder.pack();
    decode();
  });
  require(head.fields.size() == kBrowserFields, "12 fields");
  std::printf(
      "request of %zu bytes, %zu fields: inflate %.0f ns, decode %.0f, + judge %.0f, "
      "+ write %.0f; decode from a packed table %.0f\n",
      block.size(), head.fields.size(), inflated, decoded, judged, written, packed);
}

void time_responses() {
  ResponseHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  require(parse_response_head(kResponse, scanned, head, refusal) == ParseStatus::complete,
          "a good response was refused");
  Encoder encoder;
  std::string block;
  const double encoded = best_ns([&] {
    block.clear();
    encode_response(encoder, head, {.body = {Framing::Kind::length, 1024}}, block);
  });
  std::printf("response of %zu bytes, %zu fields: encode %.0f ns into %zu bytes\n",
              kResponse.size(), head.fields.size(), encoded, block.size());
}

}  // namespace

int main() {
  return report_errors("header_block", [] {
    time_requests();
    time_responses();
  });
}
