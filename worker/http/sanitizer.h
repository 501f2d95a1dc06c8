// Judges a well-formed request or response head: whether Pound forwards it, and what it means.
//
// Pure. The facts are all that later steps need to know; no other part of the program reads the
// fields for framing and connection again.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/framing.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/verdict.h"

namespace worker::http {

struct RequestFacts {
  Framing body;
  std::string_view host;     // the authority of the target, else Host; may be empty
  std::string_view upgrade;  // protocol requested with Connection: upgrade, or with an extended
                             // CONNECT; or empty
  bool keep_alive = false;   // the client keeps its connection open (version, Connection); without
                             // meaning in HTTP/2
  bool is_http10 = false;
  bool is_head = false;
  bool is_connect = false;                // an extended CONNECT, which only a switch fulfils
  bool expects_continue = false;          // Expect: 100-continue (never true for HTTP/1.0)
  bool idempotent = false;                // the method: may be sent a second time
  bool repeatable = false;                // idempotent and without a body
  bool authenticates_connection = false;  // credentials of a connection: see connection_auth.h
  Breaches breaches;  // relaxable rules that the head breaks, to be checked after routing
};

// The methods that Pound forwards: those of the IANA registry except CONNECT, TRACE and PRI. Every
// other method gets a 405, with this value of Allow, unless the listener adds it (`Methods`).
extern const std::string_view kAllowedMethods;

// Refuses what no configuration allows. facts.breaches has the rules that `Allow` may relax.
Refusal judge_request(const RequestHead& head, RequestFacts& facts, const Limits& limits = {});

struct ResponseFacts {
  Framing body;
  bool keep_alive = false;  // the backend's connection may be used again after this response
  bool is_interim = false;  // 1xx except 101
  bool switches = false;    // 101
  bool challenges_connection = false;  // asks for credentials of a connection, or continues them
};

// The most 1xx responses that the caller accepts before the final one. Each of them is a sign of
// life, so an endless series would hold the client and the backend's slot for ever.
inline constexpr std::size_t kMaxInterims = 100;

// Refuses 101 unless `request.upgrade` names a protocol. `relaxed` is that of ResponseRules.
Refusal judge_response(const ResponseHead& head, const RequestFacts& request, ResponseFacts& facts,
                       RuleSet relaxed = {});

}  // namespace worker::http
