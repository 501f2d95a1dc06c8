// The names that a trailer may have.
#include "worker/http/trailer.h"

#include <doctest/doctest.h>

using namespace worker::http;

TEST_CASE("trailer: fields that frame, route, authenticate or describe the content are dropped") {
  for (const char* name : {"Content-Length",
                           "transfer-encoding",
                           "TE",
                           "Trailer",
                           "Host",
                           "Connection",
                           "Keep-Alive",
                           "Upgrade",
                           "Expect",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "WWW-Authenticate",
                           "Proxy-Authorization",
                           "Proxy-Authenticate",
                           "Content-Type",
                           "Content-Encoding",
                           "Content-Range",
                           "Cache-Control",
                           "Max-Forwards",
                           "Range",
                           "If-Match",
                           "if-none-match",
                           "If-Range",
                           "Age",
                           "Expires",
                           "Date",
                           "Location",
                           "Retry-After",
                           "Vary",
                           "Warning",
                           "X-Forwarded-For",
                           "X_Forwarded_For",
                           "X-SSL-Cipher",
                           "Content_Length",
                           "Forwarded"}) {
    CAPTURE(name);
    CHECK(!allowed_in_trailer(name));
  }
}

TEST_CASE("trailer: other fields pass") {
  for (const char* name : {"Server-Timing", "X-Checksum", "Digest", "ETag", "grpc-status", "If"}) {
    CAPTURE(name);
    CHECK(allowed_in_trailer(name));
  }
}
