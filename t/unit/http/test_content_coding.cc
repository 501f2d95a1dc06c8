// Tests of http/content_coding: what clients take, what may be compressed, and the heads of it.
#include "worker/http/content_coding.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

constexpr std::array<std::string_view, 3> kAll{"zstd", "br", "gzip"};
const std::vector<std::string> kTypes{"text/*", "application/json"};

// The coding that is chosen for a request with these lines; "-" for none.
std::string chosen(const std::string& lines,
                   std::span<const std::string_view> offers = std::span(kAll)) {
  const http_heads::Request parsed("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  const auto choice = choose_coding(parsed.head.fields, offers);
  return choice ? std::string(offers[*choice]) : "-";
}
std::string for_value(const std::string& value) {
  return chosen("Accept-Encoding: " + value + "\r\n");
}

CodingTerms terms(const std::string& lines) {
  const http_heads::Request parsed("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  return coding_terms(parsed.head.fields);
}

bool compressible(const std::string& lines, const std::string& status = "200 OK",
                  const std::string& method = "GET") {
  const http_heads::Request request(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
  const http_heads::Response parsed("HTTP/1.1 " + status + "\r\n" + lines + "\r\n", request.facts);
  REQUIRE_FALSE(parsed.verdict);
  return is_compressible(parsed.head, parsed.facts.body, request.facts.is_head, {kTypes, 1000});
}
const std::string kHtml = "Content-Type: text/html\r\n";

// The names and values of the fields, and then the added lines.
using Change = void (*)(HeaderList&, std::string&);
std::string changed(const std::string& lines, Change change) {
  http_heads::Response parsed("HTTP/1.1 200 OK\r\n" + lines + "\r\n");
  std::string added;
  change(parsed.head.fields, added);
  std::string text;
  for (const Field& field : parsed.head.fields) {
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text + "+" + added;
}
std::string coded(const std::string& lines) {
  return changed(lines,
                 [](HeaderList& fields, std::string& added) { set_coding(fields, "gzip", added); });
}
std::string varied(const std::string& lines) { return changed(lines, vary_by_coding); }

}  // namespace

TEST_CASE("content_coding: the first of those that the client takes") {
  CHECK(for_value("gzip, deflate, br, zstd") == "zstd");
  CHECK(for_value("gzip, deflate, br") == "br");
  CHECK(for_value("deflate, gzip") == "gzip");
  CHECK(for_value("deflate") == "-");
  CHECK(for_value("GZIP") == "gzip");
  CHECK(for_value("x-gzip") == "gzip");
  CHECK(for_value("gzip2, xgzip") == "-");
  CHECK(chosen("Accept-Encoding: deflate\r\naccept-encoding: br\r\n") == "br");
  constexpr std::array<std::string_view, 2> kOther{"gzip", "br"};
  CHECK(chosen("Accept-Encoding: br, gzip\r\n", kOther) == "gzip");
  CHECK(chosen("Accept-Encoding: zstd\r\n", kOther) == "-");
}

TEST_CASE("content_coding: a client that says nothing takes the bytes as they are") {
  CHECK(chosen("") == "-");
  CHECK(for_value("") == "-");
  CHECK(for_value(",, ,") == "-");
  CHECK(for_value("identity") == "-");
}

TEST_CASE("content_coding: weights go before the order of the configuration") {
  CHECK(for_value("zstd;q=0.5, br;q=0.8, gzip;q=0.7") == "br");
  CHECK(for_value("zstd;q=0.5, br;q=0.5, gzip;q=0.501") == "gzip");
  CHECK(for_value("zstd;q=0.5, br;q=0.500") == "zstd");
  CHECK(for_value("gzip;q=1.0, br;q=0.999") == "gzip");
  CHECK(for_value("gzip;Q=0.1") == "gzip");
  CHECK(for_value("gzip ; q=0.001") == "gzip");
  CHECK(for_value("gzip;q=1.") == "gzip");
}

TEST_CASE("content_coding: q=0 refuses") {
  CHECK(for_value("zstd;q=0, br;q=0.0, gzip;q=0.000") == "-");
  CHECK(for_value("zstd;q=0, *") == "br");
  CHECK(for_value("*;q=0") == "-");
  CHECK(for_value("gzip, *;q=0") == "gzip");
  CHECK(for_value("gzip, gzip;q=0") == "-");
  CHECK(for_value("gzip;q=0, gzip") == "-");
}

TEST_CASE("content_coding: the star stands for all that have no weight of their own") {
  CHECK(for_value("*") == "zstd");
  CHECK(for_value("*;q=0.1") == "zstd");
  CHECK(for_value("gzip, *;q=0.1") == "gzip");
  CHECK(for_value("gzip;q=0.2, *;q=0.5") == "zstd");
}

TEST_CASE("content_coding: identity wins only if the client likes it better") {
  CHECK(for_value("identity, gzip") == "gzip");
  CHECK(for_value("identity, gzip;q=0.9") == "-");
  CHECK(for_value("identity;q=0.5, gzip;q=0.5") == "gzip");
  CHECK(for_value("identity;q=0, gzip;q=0.1") == "gzip");
  constexpr std::array<std::string_view, 1> kGzip{"gzip"};
  CHECK(chosen("Accept-Encoding: gzip;q=0.2, *;q=0.8\r\n", kGzip) == "-");
  CHECK(chosen("Accept-Encoding: gzip;q=0.2, *;q=0.8, identity;q=0\r\n", kGzip) == "gzip");
}

TEST_CASE("content_coding: a name with a malformed weight is ignored") {
  for (const char* const weight :
       {"q=2", "q=1.1", "q=1.001", "q=-1", "q=.5", "q=0.1234", "q=", "q", "", "q=0,5", "q=0.5x",
        "level=9", "q=1;a=b", "q = 1", "q=0x", "q=00"}) {
    CAPTURE(weight);
    CHECK(for_value("gzip;" + std::string(weight)) == "-");
    CHECK(for_value("gzip;" + std::string(weight) + ", br;q=0.1") == "br");
  }
}

TEST_CASE("content_coding: what else a request says") {
  const auto is_plain = [](const CodingTerms& one) {
    return !one.forbids && !one.has_credentials && !one.is_cross_site && !one.has_weak_tag;
  };
  CHECK(is_plain(terms("")));
  CHECK(
      is_plain(terms("Cache-Control: no-cache\r\nSec-Fetch-Site: same-site\r\n"
                     "If-None-Match: \"a\", \"W/\"\r\nIf-Range: \"a\"\r\n")));
  CHECK(terms("Range: bytes=0-1\r\n").forbids);
  CHECK(terms("Cache-Control: max-age=0, No-Transform\r\n").forbids);
  CHECK(terms("Cookie: a=b\r\n").has_credentials);
  CHECK(terms("Authorization: Basic YTpi\r\n").has_credentials);
  CHECK(terms("Sec-Fetch-Site: cross-site\r\n").is_cross_site);
  CHECK(terms("sec-fetch-site: none\r\nSec-Fetch-Site: Cross-Site\r\n").is_cross_site);
  CHECK(terms("If-None-Match: \"a\", W/\"b\"\r\n").has_weak_tag);
}

TEST_CASE("content_coding: types") {
  const std::string end = "\r\nTransfer-Encoding: chunked\r\n";
  CHECK(compressible("Content-Type: text/html" + end));
  CHECK(compressible("content-type: TEXT/plain ; charset=utf-8" + end));
  CHECK(compressible("Content-Type: application/json" + end));
  CHECK_FALSE(compressible("Content-Type: application/jsonp" + end));
  CHECK_FALSE(compressible("Content-Type: text/" + end));
  CHECK_FALSE(compressible("Content-Type: text" + end));
  CHECK_FALSE(compressible("Content-Type: image/png" + end));
  CHECK_FALSE(compressible("Content-Type:" + end));
  CHECK_FALSE(compressible("Transfer-Encoding: chunked\r\n"));
}

TEST_CASE("content_coding: a known length") {
  CHECK(compressible(kHtml));  // until the backend closes
  CHECK(compressible(kHtml + "Content-Length: 1000\r\n"));
  CHECK_FALSE(compressible(kHtml + "Content-Length: 999\r\n"));
  CHECK_FALSE(compressible(kHtml + "Content-Length: 0\r\n"));
}

TEST_CASE("content_coding: HEAD is judged by the body that GET would get") {
  CHECK(compressible(kHtml, "200 OK", "HEAD"));
  CHECK(compressible(kHtml + "Content-Length: 1000\r\n", "200 OK", "HEAD"));
  CHECK_FALSE(compressible(kHtml + "Content-Length: 999\r\n", "200 OK", "HEAD"));
  CHECK_FALSE(compressible(kHtml, "304 Not Modified", "HEAD"));
}

TEST_CASE("content_coding: statuses") {
  CHECK(compressible(kHtml, "404 Not Found"));
  CHECK(compressible(kHtml, "500 Oops"));
  CHECK_FALSE(compressible(kHtml, "204 No Content"));
  CHECK_FALSE(compressible(kHtml, "206 Partial Content"));
  CHECK_FALSE(compressible(kHtml, "304 Not Modified"));
}

TEST_CASE("content_coding: fields that forbid it") {
  CHECK_FALSE(compressible(kHtml + "Content-Encoding: gzip\r\n"));
  CHECK_FALSE(compressible(kHtml + "Content-Encoding: identity, br\r\n"));
  CHECK_FALSE(compressible(kHtml + "Content-Range: bytes 0-1/2\r\n"));
  CHECK_FALSE(compressible(kHtml + "Cache-Control: public, no-transform\r\n"));
  CHECK(compressible(kHtml + "Content-Encoding: identity\r\n"));
  CHECK(compressible(kHtml + "Content-Encoding:\r\n"));
  CHECK(compressible(kHtml + "Cache-Control: public\r\n"));
}

TEST_CASE("content_coding: the head of a compressed response") {
  CHECK(coded("A: b\r\n") == "A: b\r\n+Content-Encoding: gzip\r\n");
  CHECK(coded("Content-Length: 5000\r\nContent-Encoding: identity\r\nAccept-Ranges: bytes\r\n"
              "Content-MD5: x\r\nDigest: x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nA: b\r\n") ==
        "A: b\r\n+Content-Encoding: gzip\r\n");
  CHECK(coded("ETag: \"a\"\r\nA: b\r\n") == "A: b\r\n+Content-Encoding: gzip\r\nETag: W/\"a\"\r\n");
  CHECK(coded("ETag: W/\"a\"\r\n") == "ETag: W/\"a\"\r\n+Content-Encoding: gzip\r\n");
}

TEST_CASE("content_coding: Vary") {
  CHECK(varied("A: b\r\n") == "A: b\r\n+Vary: Accept-Encoding\r\n");
  CHECK(varied("Vary: Cookie\r\nA: b\r\nvary: Origin, X\r\n") ==
        "A: b\r\n+Vary: Cookie, Origin, X, Accept-Encoding\r\n");
  CHECK(varied("Vary:\r\n") == "+Vary: Accept-Encoding\r\n");
  CHECK(varied("Vary: *\r\n") == "Vary: *\r\n+");
  CHECK(varied("Vary: Cookie, accept-encoding\r\n") == "Vary: Cookie, accept-encoding\r\n+");
}

TEST_CASE("content_coding: cookies of a response") {
  CHECK(
      sets_cookie(http_heads::Response("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\n\r\n").head.fields));
  CHECK_FALSE(sets_cookie(http_heads::Response("HTTP/1.1 200 OK\r\nA: b\r\n\r\n").head.fields));
}

TEST_CASE("content_coding: a trailer keeps what is not about the bytes") {
  CHECK(coded_trailer("") == "");
  CHECK(coded_trailer("A: b\r\nContent-Digest: x\r\nC: d\r\n") == "A: b\r\nC: d\r\n");
}
