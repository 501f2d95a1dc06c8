// What would become of a request: the same parsers, rules and patterns that a worker uses, applied
// to a request that somebody asks about.
//
// Pure: no socket, no daemon. What depends on counts, passwords or certificates is only named
// (`remarks`). choice.h goes on with the states of backends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "worker/explain/question.h"
#include "worker/http/verdict.h"
#include "worker/route/heritage.h"
#include "worker/route/judgement.h"

namespace worker::explain {

struct ServiceVerdict {
  std::string name;
  route::Judgement judgement;  // the first condition that does not hold
};

enum class Outcome : std::uint8_t {
  backend,  // a backend gets it
  answer,   // Pound answers it
  closed,   // Pound closes the connection without an answer
};

struct Explanation {
  std::size_t listener = 0;      // of the configuration
  std::string listener_name;     // as the log and the status show it
  std::string client;            // whose address counts
  bool peer_is_trusted = false;  // a proxy of TrustedProxies
  http::Refusal refusal;         // why the sanitizer refuses it, with the offset in the head
  std::string excerpt;           // of the head there, not escaped
  std::vector<ServiceVerdict> services;  // in their order, up to the one that takes the request
  std::optional<std::size_t> service;    // of the listener
  // If its service is disabled, it gets 503, whatever `outcome` says.
  bool may_be_disabled = false;
  std::vector<std::string> remarks;  // what Pound asks besides, and only the daemon can know
  Outcome outcome = Outcome::backend;
  int status = 0;  // of an answer
  std::string reason;
  std::string location;                // of a redirect
  std::string rewritten;               // the path and query that the backend gets; empty: as asked
  std::string content;                 // of Respond: where it comes from, and its type
  std::optional<std::string> session;  // the text by which the service knows the client again
  std::uint64_t hash_key = 0;          // for a service that balances by hash
};

// `listeners`: those of the configuration, prepared (worker::Preparation::routing). Throws
// BadQuestion.
Explanation explain(const conf::Config& config,
                    const std::vector<route::ListenerHeritage>& listeners,
                    const Question& question);

}  // namespace worker::explain
