#include "worker/http/connection_auth.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"

using namespace worker::http;

namespace {

bool has_credentials(const std::string& fields) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  std::size_t scanned = 0;
  RequestHead head;
  Refusal refusal;
  REQUIRE(parse_request_head(bytes, scanned, head, refusal) == ParseStatus::complete);
  return has_connection_credentials(head.fields);
}

bool has_challenge(const std::string& fields) {
  const std::string bytes = "HTTP/1.1 401 Unauthorized\r\n" + fields + "\r\n";
  std::size_t scanned = 0;
  ResponseHead head;
  Refusal refusal;
  REQUIRE(parse_response_head(bytes, scanned, head, refusal) == ParseStatus::complete);
  return has_connection_challenge(head.fields);
}

}  // namespace

TEST_CASE("connection_auth: fault D1: credentials of a connection") {
  for (const char* const value :
       {"NTLM TlRMTVNT", "ntlm TlRMTVNT", "Negotiate YII=", "NTLM", "NEGOTIATE oYG2MIGz"}) {
    CHECK(has_credentials(std::string("Authorization: ") + value + "\r\n"));
  }
  CHECK(has_credentials("Authorization: Basic eA==\r\nAuthorization: NTLM TlRM\r\n"));
  CHECK(!has_credentials("Authorization: Basic TlRMTQ==\r\n"));
  CHECK(!has_credentials("Authorization: Bearer NTLMx\r\n"));
  CHECK(!has_credentials("Authorization: NTLMv2 x\r\n"));
  CHECK(!has_credentials("Authorization:\r\n"));
  CHECK(!has_credentials("X-Authorization: NTLM x\r\n"));
  CHECK(!has_credentials(""));
}

TEST_CASE("connection_auth: fault D1: challenges to a connection") {
  for (const char* const name : {"WWW-Authenticate", "www-authenticate", "Proxy-Authenticate"}) {
    CHECK(has_challenge(std::string(name) + ": NTLM\r\n"));
    CHECK(has_challenge(std::string(name) + ": Negotiate oYG2\r\n"));
    CHECK(!has_challenge(std::string(name) + ": Basic realm=\"x\"\r\n"));
  }
  CHECK(has_challenge("WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: NTLM\r\n"));
  CHECK(has_challenge("WWW-Authenticate: Basic realm=\"a\",negotiate\r\n"));
  CHECK(has_challenge("WWW-Authenticate: Negotiate, NTLM\r\n"));
  CHECK(!has_challenge("WWW-Authenticate: Digest realm=\"ntlm\"\r\n"));
  CHECK(!has_challenge("WWW-Authenticate:\r\n"));
  CHECK(!has_challenge("X-WWW-Authenticate: NTLM\r\n"));
  CHECK(!has_challenge(""));
}
