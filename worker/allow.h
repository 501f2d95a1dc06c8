// The rules of worker/http that `Allow` relaxes, found by their codes, and the methods that
// `Methods` adds or `Retry` names.
//
// Part of the privileged half of the start. Reports codes that are not rules, and rules that cannot
// be relaxed, each with its position and the reason. conf does not know these rules, and
// worker/http knows no files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/http/relax.h"

namespace worker {

// What the rules are about: a listener and a service relax rules of requests, a backend those of
// its responses.
enum class Message : std::uint8_t { request, response };

http::RuleSet allowed_rules(const std::vector<conf::AllowedRule>& rules, Message message,
                            conf::Diagnostics& diagnostics);

// The registered methods that Pound forwards and those of `added`, as a value of Allow. Reports
// methods that no configuration allows (http/method.h).
std::string allowed_methods(const std::vector<conf::AddedMethod>& added,
                            conf::Diagnostics& diagnostics);

// Reports a field of RequestID that Pound writes or reads itself.
void check_request_id(const std::string& name, const conf::Position& where,
                      conf::Diagnostics& diagnostics);

// Reports a method, of Methods or of Retry of a service, that no request of the listener can have.
void check_methods(const conf::Service& service, const conf::Listener& listener,
                   conf::Diagnostics& diagnostics);

}  // namespace worker
