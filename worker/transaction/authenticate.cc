// Whether the request comes from one of the service's users: see transaction.h.
#include <cstring>

#include "worker/http/basic.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Sends the credentials of the head to the helper, unless they were right a short time ago. Nothing
// when the request goes on, at once or when the helper has answered.
std::optional<Transaction::Flow> Transaction::ask_for_user() {
  if (!now_.service->users) return std::nullopt;
  using State = http::BasicCredentials::State;
  std::string scratch;
  const http::BasicCredentials found = http::basic_credentials(now_.head->fields, scratch);
  if (found.state == State::missing) return challenge("auth_missing");
  if (found.state == State::bad) return challenge("auth_failed");
  record_.user = found.user;
  const auth::Checks::Entry entry = context_.checks.ask(
      auth_waiter_, {*now_.service->users, found.user, found.password, now_.client_ip});
  ::explicit_bzero(scratch.data(), scratch.size());
  switch (entry) {
    case auth::Checks::Entry::known:
    case auth::Checks::Entry::waits:
      return std::nullopt;
    case auth::Checks::Entry::slowed:
      return slow_down();
    case auth::Checks::Entry::full:
      break;
  }
  return fail_for_now("auth_unavailable");
}

Transaction::Flow Transaction::authenticate() {
  return auth_waiter_.is_waiting() ? Flow::wait : go(after_permit());
}

void Transaction::on_checked(auth::Verdict verdict) {
  switch (verdict) {
    case auth::Verdict::match:
      break;
    case auth::Verdict::mismatch:
      challenge("auth_failed");
      break;
    case auth::Verdict::slowed:
      slow_down();
      break;
    case auth::Verdict::unavailable:
      fail_for_now("auth_unavailable");
      break;
  }
  run();
}

// RFC 7617 2. The same for every fault, so that it tells nothing about the users.
Transaction::Flow Transaction::challenge(std::string_view reason) {
  const std::string value = http::basic_challenge(now_.service->config.auth->realm);
  http::Answer answer = error_answer(401);
  answer.field = {"WWW-Authenticate", value};
  return fail_with(answer, reason);
}

// RFC 6585 4.
Transaction::Flow Transaction::slow_down() {
  const std::string seconds = std::to_string(context_.checks.retry_after_s(now_.client_ip));
  http::Answer answer = error_answer(429);
  answer.field = {"Retry-After", seconds};
  return fail_with(answer, "auth_rate");
}

}  // namespace worker::transaction
