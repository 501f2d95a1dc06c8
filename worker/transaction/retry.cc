// When another backend may serve a request that one has failed: see transaction.h.
//
// What was not sent may always go on. What was sent may do so when it is harmless to do it twice,
// all of it is still here, nothing of a response was passed on, no session needs this backend, and
// where there is a Retry, its budget pays.
#include <algorithm>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

const conf::RetryPolicy& Transaction::retry_policy() const {
  static const conf::RetryPolicy without_key;
  const std::optional<conf::RetryPolicy>& policy = now_.service->config.retry;
  return policy ? *policy : without_key;
}

bool Transaction::may_repeat(std::string_view method) const {
  using Methods = conf::RetryPolicy::Methods;
  const conf::RetryPolicy& policy = retry_policy();
  if (policy.methods == Methods::idempotent) return now_.facts.idempotent;
  if (policy.methods == Methods::all) return true;
  return std::ranges::any_of(policy.names,
                             [method](const conf::AddedMethod& one) { return one.name == method; });
}

// Whether to keep the request, whose body was collected whole, until the response begins: so long
// it may still have to go to another backend.
bool Transaction::may_keep_body() {
  const conf::RetryPolicy& policy = retry_policy();
  if (!policy.after_reset && policy.statuses.empty()) return false;
  const std::size_t body = to_backend_.held();
  // Another backend may need another head.
  if (now_.destination_at != 0 || differs_by_backend()) return false;
  return !to_backend_.keeps() && now_.may_repeat && client_.body_is_whole() && body != 0 &&
         may_try_other() && now_.service->config.backends.size() > 1 &&
         body <= now_.listener->config.buffer && reserve(body);
}

// Whether a kept request may still have to be sent again: until the backend answers or, if its
// answer may not be the one, until the client gets it.
bool Transaction::may_need_kept() const {
  if (!now_.heard_backend) return true;
  return !retry_policy().statuses.empty() && !now_.response_begun && now_.interims == 0;
}

// A session's backend keeps it while it lives.
bool Transaction::may_try_other() const {
  return !now_.is_sticky && now_.tried.size() < retry_policy().times;
}

bool Transaction::has_other_backend() const {
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  return std::ranges::any_of(backends, [&](std::size_t i) {
    return &context_.backends[i] != now_.backend && share_of(i) != 0;
  });
}

// Whether the request, which was sent, may and can be sent to another backend.
bool Transaction::may_resend() const {
  const http::Framing& body = now_.facts.body;
  const bool has_body = body.kind == http::Framing::Kind::chunked || body.length != 0;
  return now_.may_repeat && (!has_body || to_backend_.keeps()) && may_try_other() &&
         has_other_backend();
}

// Asks the budget, after everything else.
bool Transaction::takes_retry(std::string_view why) {
  if (!now_.service->config.retry) return true;
  const bool is_paid = context_.segment.services().take_retry(now_.service->row, context_.row);
  if (context_.log.detail() >= 1) {
    std::string line = "request of " + std::string(now_.client_ip) + " to " + now_.service->name +
                       (is_paid ? " goes to another backend: "
                                : " cannot go to another backend, as the budget of Retry is used "
                                  "up: ");
    line.append(now_.backend->title()).append(" ").append(why);
    context_.log.write(log::Severity::info, line);
  }
  return is_paid;
}

// The backend took the request and ended the connection without a byte of a response.
bool Transaction::is_reset_retried() {
  return !now_.heard_backend && retry_policy().after_reset && may_resend() &&
         takes_retry("has ended the connection");
}

// The backend has answered, and nothing of it was passed on.
bool Transaction::is_answer_retried(int status) {
  const std::vector<int>& statuses = retry_policy().statuses;
  if (statuses.empty() || std::ranges::find(statuses, status) == statuses.end()) return false;
  return now_.interims == 0 && may_resend() &&
         takes_retry("has answered " + std::to_string(status));
}

// Drops the answer whose head has come; `rest` is what is here of its body. A connection that has
// brought all of it may serve again.
Transaction::Flow Transaction::replace_answer(char* rest, std::size_t size) {
  http::BodyReader body;
  body.start(now_.response_facts.body, http::kNoLimit,
             now_.backend->heritage.response_rules.relaxed);
  const http::BodyReader::Taken taken = body.take(rest, size);
  if (body.is_whole() && !upstream_->is_personal) release_upstream(taken.consumed != size);
  to_backend_.rewind();
  return go_elsewhere();
}

Transaction::Flow Transaction::go_elsewhere() {
  std::size_t number = 0;  // in the configuration
  while (&context_.backends[number] != now_.backend) ++number;
  now_.tried.add(number);
  drop_upstream();
  admission_.leave_backend();
  return go(Step::pick_backend);
}

}  // namespace worker::transaction
