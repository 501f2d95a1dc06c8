// Parsed heads for tests, together with the bytes that they refer to.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/sanitizer.h"

namespace http_heads {

struct Request {
  explicit Request(std::string raw) : bytes(std::move(raw)) {
    std::size_t scanned = 0;
    worker::http::Refusal refusal;
    const auto status = worker::http::parse_request_head(bytes, scanned, head, refusal);
    REQUIRE(status == worker::http::ParseStatus::complete);
    verdict = worker::http::judge_request(head, facts);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  std::string bytes;
  worker::http::RequestHead head;
  worker::http::RequestFacts facts;
  worker::http::Refusal verdict;
};

struct Response {
  explicit Response(std::string raw, const worker::http::RequestFacts& request = {})
      : bytes(std::move(raw)) {
    std::size_t scanned = 0;
    worker::http::Refusal refusal;
    const auto status = worker::http::parse_response_head(bytes, scanned, head, refusal);
    REQUIRE(status == worker::http::ParseStatus::complete);
    verdict = worker::http::judge_response(head, request, facts);
  }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  std::string bytes;
  worker::http::ResponseHead head;
  worker::http::ResponseFacts facts;
  worker::http::Refusal verdict;
};

}  // namespace http_heads
