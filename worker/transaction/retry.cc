// When another backend may serve a request that one has failed: see transaction.h.
#include <algorithm>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Whether to keep the request, whose body was collected whole, until the response begins: so long
// it may still have to go to another backend.
bool Transaction::may_keep_body() {
  const std::size_t body = to_backend_.held();
  return !to_backend_.keeps() && now_.facts.idempotent && client_.body_is_whole() && body != 0 &&
         !now_.is_sticky && now_.service->config.backends.size() > 1 &&
         body <= now_.listener->config.buffer && reserve(body);
}

// The backend took the request and ended the connection without a byte of a response. Another one
// may answer, once, if it does no harm to do the request twice and no session needs this backend.
bool Transaction::may_go_elsewhere() const {
  if (!now_.facts.repeatable && !to_backend_.keeps()) return false;
  if (now_.heard_backend || now_.is_sticky || now_.avoided) return false;
  return has_other_backend();
}

bool Transaction::has_other_backend() const {
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  return std::ranges::any_of(backends, [&](std::size_t i) {
    const backend::Backend& other = context_.backends[i];
    return &other != now_.backend && share_of(i) != 0;
  });
}

Transaction::Flow Transaction::go_elsewhere() {
  now_.avoided = now_.backend;
  drop_upstream();
  admission_.leave_backend();
  return go(Step::pick_backend);
}

}  // namespace worker::transaction
