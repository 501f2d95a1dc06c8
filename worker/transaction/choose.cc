// Which backend gets a request: see transaction.h.
#include <utility>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Whether the backend, by its number in the configuration, may be chosen and has not failed this
// request.
bool Transaction::may_serve(std::size_t backend) const {
  const backend::Backend& one = context_.backends[backend];
  return &one != now_.avoided && context_.health.share(one) != 0;
}

// The session's backend while it lives, else one by weight, which then becomes the session's.
std::optional<std::size_t> Transaction::choose_backend() {
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  const auto may_serve = [&](std::size_t i) { return this->may_serve(backends[i]); };
  route::SessionAffinity& affinity = now_.service->affinity;
  now_.is_sticky = now_.session.has_value();
  const std::optional<std::size_t> bound = bound_backend();
  if (bound && may_serve(*bound)) return bound;
  auto choice = pinned_backend();
  if (choice && may_serve(*choice)) {
    now_.is_sticky = true;
  } else {
    choice = now_.service->balancer.choose(context_.random(), may_serve);
  }
  if (!now_.session || !choice) return choice;
  return affinity.bind(*now_.session, *choice, bound, now_.client_ip, net::EventLoop::now_ms());
}

std::optional<std::size_t> Transaction::bound_backend() {
  if (!now_.session) return std::nullopt;
  if (const auto bound = std::exchange(now_.bound, std::nullopt)) return *bound;
  return now_.service->affinity.find(*now_.session, net::EventLoop::now_ms());
}

std::optional<std::size_t> Transaction::pinned_backend() {
  if (!client_.pinned()) return std::nullopt;
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (&context_.backends[backends[i]] == &client_.pinned()->backend()) return i;
  }
  return std::nullopt;
}

// `index` counts the service's backends.
void Transaction::take_backend(std::size_t index) {
  now_.backend_index = index;
  now_.backend = &context_.backends[now_.service->config.backends[index]];
  record_.backend = now_.backend->config.name;
}

}  // namespace worker::transaction
