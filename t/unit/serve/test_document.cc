// Which document a path names.
#include "worker/serve/document.h"

#include <doctest/doctest.h>

using worker::serve::Document;
using worker::serve::document_of;
using worker::serve::page_location;

TEST_CASE("document: the last part of a path decides") {
  const auto of = [](const char* path) { return document_of(conf::Serve::status, path, ""); };
  for (const char* path : {"/", "/pound/", "/pound/?a=/b", "/a/b/", "/pound/x/.."}) {
    CHECK_MESSAGE(of(path) == Document::status_page, path);
  }
  for (const char* path : {"/status.json", "/a/status.json", "/a/status.json?b", "/a/%73tatus.json",
                           "/a/b/../status.json", "/a/status.json;v=1"}) {
    CHECK_MESSAGE(of(path) == Document::status_json, path);
  }
  for (const char* path : {"/pound", "/status.jsonx", "/a/status", "/status.json/x", "/Status.json",
                           "/a?/status.json", "*"}) {
    CHECK_MESSAGE(!of(path), path);
  }
}

TEST_CASE("document: the location of a page is below the path that was asked for") {
  CHECK(page_location("/pound") == "./pound/");
  CHECK(page_location("/a/b?c=d") == "./b/");
  CHECK(page_location("//evil.example") == "./evil.example/");
  CHECK(page_location("/javascript:alert") == "./javascript:alert/");
  CHECK(page_location("/a\"<b>") == "./a%22%3Cb%3E/");
}

TEST_CASE("every path of metrics is the document, in the format that the client asks for") {
  for (const char* path : {"/", "/metrics", "/a/b?c", "*"}) {
    CHECK(document_of(conf::Serve::metrics, path, "") == Document::open_metrics);
    CHECK(document_of(conf::Serve::metrics, path, "text/plain") == Document::prometheus);
  }
}
