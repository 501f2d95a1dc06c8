#include "worker/http/normal_path.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using worker::http::normal_path_query;

namespace {

struct Case {
  std::string_view received;
  std::string_view normal;
};

constexpr Case kCases[] = {
    // Slashes.
    {"//admin", "/admin"},
    {"///", "/"},
    {"/a//b///c", "/a/b/c"},
    {"/a//", "/a/"},
    {"/a\\b", "/a/b"},
    {"/\\admin", "/admin"},
    {"/a%2fb", "/a/b"},
    {"/a%2F%2fb", "/a/b"},
    {"/a%5cb", "/a/b"},
    {"/x/..%2fadmin", "/admin"},
    {"/x/..%5Cadmin", "/admin"},
    // Dot segments.
    {"/.", "/"},
    {"/./", "/"},
    {"/./admin", "/admin"},
    {"/a/.", "/a/"},
    {"/a/./b/", "/a/b/"},
    {"/..", "/"},
    {"/../../a", "/a"},
    {"/x/../admin", "/admin"},
    {"/x/y/../../admin/", "/admin/"},
    {"/a/..", "/"},
    {"/a/b/..", "/a/"},
    {"/a//../b", "/b"},
    {"/%2e/admin", "/admin"},
    {"/x/%2E%2e/admin", "/admin"},
    {"/x/.%2e/admin", "/admin"},
    // Parameters.
    {"/;/admin", "/admin"},
    {"/x/..;/admin", "/admin"},
    {"/x/..;a=b;c/admin", "/admin"},
    {"/admin;v=1", "/admin"},
    {"/a;v=1/b;w=2/c", "/a/b/c"},
    {"/;", "/"},
    {"/a;x/", "/a/"},
    {"/.;/admin", "/admin"},
    {"/a;%2e%2e/b", "/a/b"},
    // Encodings.
    {"/%61dmin", "/admin"},
    {"/%41%5a%30%7e", "/AZ0~"},
    {"/a%28%29%21", "/a()!"},
    {"/a%7cb", "/a|b"},
    {"/%7bid%7D", "/{id}"},
    {"/caf%c3%a9", "/caf%C3%A9"},
    {"/a%00%0a%20%7f", "/a%00%0A%20%7F"},
    {"/a%253fb%3fc%23d%3be", "/a%253fb%3Fc%23d%3Be"},
    {"/%2561", "/%2561"},
    // A '%' that encodes nothing never becomes an encoding.
    {"/x/../%%61", "/%%61"},
    {"/%4%31;", "/%4%31"},
    {"/%%34%31;", "/%%341"},
    // The query stays as it is.
    {"//a?//b/../%61;c", "/a?//b/../%61;c"},
    {"/a/..?", "/?"},
};

// Already normal.
constexpr std::string_view kNormal[] = {
    "",
    "*",
    "/",
    "/a",
    "/a/",
    "/a/b.c",
    "/...",
    "/a..b",
    "/.well-known/x",
    "/..a",
    "/a?%61//..;",
    "/%C3%A9",
    "/~a/b-c_d.e",
    "/a%b",
    "/a%",
    "a//b",
    "/%25",
    "/a:b@c,d=e+f&g$h!i'j(k)l*m",
};

}  // namespace

TEST_CASE("normal_path: a path becomes what backends make of it") {
  std::string scratch = "left over";
  std::string again;
  for (const Case& c : kCases) {
    CAPTURE(c.received);
    const std::string normal(normal_path_query(c.received, scratch));
    CHECK(normal == c.normal);
    CHECK(normal.size() <= c.received.size());
    CHECK(normal_path_query(normal, again) == normal);
  }
}

TEST_CASE("normal_path: a normal path is returned itself") {
  std::string scratch;
  for (const std::string_view path : kNormal) {
    CAPTURE(path);
    const std::string_view normal = normal_path_query(path, scratch);
    CHECK(normal.data() == path.data());
    CHECK(normal.size() == path.size());
  }
}

TEST_CASE("normal_path: an ordinary path needs no memory") {
  std::string scratch;
  const std::size_t before = scratch.capacity();
  const std::string path = "/" + std::string(1000, 'a') + "?x=%61";
  CHECK(normal_path_query(path, scratch).data() == path.data());
  CHECK(scratch.capacity() == before);
}
