// Whether this client may have this request served, once its service is known: see transaction.h.
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// The last step that has the parsed head.
Transaction::Flow Transaction::permit() {
  if (is_denied_by_service()) return fail(403, "client_denied");
  if (is_disabled()) return answer_for_maintenance();
  if (const auto refused = check_limits(now_.service->client_limits)) return *refused;
  if (now_.service->config.redirect) return redirect(*now_.service->config.redirect);
  if (const std::optional<Flow> answered = ask_for_document()) return *answered;
  if (const std::optional<Flow> refused = ask_for_user()) return *refused;
  if (const std::optional<Flow> refused = rewrite_path()) return *refused;
  note_marks();
  if (now_.service->config.compress) note_codings();
  upgrade_ = now_.facts.upgrade;
  now_.facts.upgrade = upgrade_;
  now_.facts.host = now_.asked_host = {};
  now_.head = nullptr;
  return go(auth_waiter_.is_waiting() ? Step::authenticate : after_permit());
}

}  // namespace worker::transaction
