// Which backend gets a request: see transaction.h.
#include <utility>

#include "worker/route/hash_key.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

static_assert(backend::kFullShare == route::kFullShare);

// The backends of a list, for a request without a session.
class Transaction::Candidates final : public route::Candidates {
 public:
  Candidates(const Transaction& transaction, const std::vector<std::size_t>& backends)
      : transaction_(transaction), backends_(backends) {}

  unsigned share(std::size_t index) const override {
    return transaction_.share_of(backends_[index]);
  }
  std::uint32_t load(std::size_t index) const override {
    const route::WaitQueue& slots = transaction_.context_.backends[backends_[index]].slots.all;
    return slots.in_service() + slots.waiting();
  }

 private:
  const Transaction& transaction_;
  const std::vector<std::size_t>& backends_;
};

// Keeps what the head says about the choice.
void Transaction::note_marks() {
  const conf::Service& service = now_.service->config;
  now_.session = now_.service->affinity.key_of(*now_.head, now_.client_ip, &now_.shared);
  if (now_.service->cookie) now_.named = now_.service->cookie->find(*now_.head);
  if (service.balance == conf::Balance::hash) {
    now_.hash_key = route::hash_of(service.hash_key, *now_.head, now_.client_ip);
  }
}

// Whether the backend, by its number in the configuration, may go on with a session: it lives and
// has not failed this request.
bool Transaction::may_serve(std::size_t backend) const {
  const backend::Backend& one = context_.backends[backend];
  return !now_.tried.contains(backend) && context_.health.share(one) != 0;
}

// Likewise, for a request without a session: which part of its weight it may be chosen with.
unsigned Transaction::share_of(std::size_t backend) const {
  const backend::Backend& one = context_.backends[backend];
  if (!context_.health.takes_new_clients(one) || now_.tried.contains(backend)) return 0;
  return context_.health.share(one);
}

// False when there is none.
bool Transaction::choose_backend() {
  const std::optional<std::size_t> choice = choose_of_service();
  if (!choice) return choose_of_emergency();
  take_backend(*choice);
  return true;
}

// The session's backend while it lives, else one that the service's balancer chooses, which is then
// to become the session's.
std::optional<std::size_t> Transaction::choose_of_service() {
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  const std::optional<std::size_t> bound = bound_backend();
  if (now_.session || now_.service->cookie) {
    record_.session = bound ? log::AccessRecord::Session::known : log::AccessRecord::Session::fresh;
  }
  if (bound && may_serve(backends[*bound])) {
    now_.is_sticky = true;
    return bound;
  }
  now_.is_sticky = now_.session.has_value();
  std::optional<std::size_t> choice = pinned_backend();
  if (choice && may_serve(backends[*choice])) {
    now_.is_sticky = true;
  } else {
    choice = now_.service->balancer->choose(Candidates(*this, backends),
                                            {.random = context_.random(), .key = now_.hash_key});
  }
  now_.is_bound_anew = now_.session && choice;
  now_.replaced = bound;
  return choice;
}

// A session keeps the backend that it has, so that its clients are back when that one is.
bool Transaction::choose_of_emergency() {
  const std::vector<std::size_t>& backends = now_.service->config.emergency;
  if (backends.empty()) return false;
  const std::optional<std::size_t> choice =
      now_.service->emergency->choose(Candidates(*this, backends), {.random = context_.random()});
  if (!choice) return false;
  now_.is_sticky = false;
  now_.backend_index.reset();
  now_.backend = &context_.backends[backends[*choice]];
  record_.backend = now_.backend->config.name;
  if (now_.service->emergency_line.take(net::EventLoop::now_ms())) {
    context_.log.write(log::Severity::warning, "service " + now_.service->name +
                                                   ": none of its backends may serve; " +
                                                   now_.backend->title() + " of Emergency does");
  }
  return true;
}

std::optional<std::size_t> Transaction::bound_backend() {
  if (!now_.session) {
    if (!now_.named) return std::nullopt;
    return now_.named->backend;
  }
  if (const auto bound = std::exchange(now_.bound, std::nullopt)) return *bound;
  const auto found = now_.service->affinity.find(*now_.session, net::EventLoop::now_ms());
  if (!found && now_.recalled) return now_.recalled->backend_index;
  return found;
}

std::optional<std::size_t> Transaction::pinned_backend() {
  if (!client_.pinned() || !client_.pinned()->is_personal()) return std::nullopt;
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (&context_.backends[backends[i]] == &client_.pinned()->backend()) return i;
  }
  return std::nullopt;
}

void Transaction::take_backend(std::size_t index) {
  now_.backend_index = index;
  now_.backend = &context_.backends[now_.service->config.backends[index]];
  record_.backend = now_.backend->config.name;
}

// Whether the request waits for its backend even where another one has a free slot.
bool Transaction::is_bound_to_backend() const {
  const bool is_keys =
      now_.service->config.balance == conf::Balance::hash && now_.backend_index.has_value();
  return now_.is_sticky || is_keys;
}

// What Pound adds to the response of the backend: HeadAdd, and the cookie that names the backend.
std::string_view Transaction::added_fields() {
  const std::string& head_add = now_.backend->heritage.head_add;
  const std::optional<route::InsertedCookie>& cookie = now_.service->cookie;
  if (!cookie || !now_.backend_index || !cookie->is_due(now_.named, *now_.backend_index)) {
    return head_add;
  }
  added_ = head_add;
  cookie->append_field(*now_.backend_index, now_.is_https, added_);
  return added_;
}

}  // namespace worker::transaction
