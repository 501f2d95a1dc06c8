// Sessions that other machines know, too: see transaction.h.
//
//   collect ─► recall ─────────────────► admit ─► pick_backend ─► claim ─► connect
//                │ unknown here                     │ chosen anew   │
//                ▼                                  ▼               ▼
//          the store is asked              SET … NX, or SET   another machine was faster
//
// Without an answer in time, the table of this machine decides alone.
#include <optional>
#include <utility>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Asks the store for a session that this machine does not know, or whose backend is dead here: it
// may have another one on the other machines. No slot is held meanwhile.
Transaction::Flow Transaction::recall() {
  route::SessionAffinity& affinity = now_.service->affinity;
  const std::optional<route::SessionAffinity::Session> session =
      affinity.look_up(*now_.session, net::EventLoop::now_ms());
  now_.step = Step::admit;
  if (session && may_serve(now_.service->config.backends[session->backend_index])) {
    if (session->is_due) refresh_session(*session);
    now_.bound.emplace(session->backend_index);
    return Flow::next;
  }
  if (!context_.store.ask(question_, now_.shared, affinity.ttl_s())) return Flow::next;
  now_.step = Step::recall;
  enter(log::AccessRecord::Phase::queue);
  return Flow::wait;
}

// Tells the store that the session is in use. If it has moved on another machine, it moves here as
// well, for the requests to come.
void Transaction::refresh_session(const route::SessionAffinity::Session& session) {
  route::SessionAffinity& affinity = now_.service->affinity;
  const std::string value = stored_value(session.backend_index, session.is_known);
  const auto follow = [&affinity, key = *now_.session,
                       ip = std::string(now_.client_ip)](const store::Found& found) {
    if (found.what == store::Found::What::deleted) return affinity.forget(key);
    if (found.what != store::Found::What::backend) return;
    const auto index = affinity.sharing().index_of(found.backend);
    if (index) affinity.adopt(key, {*index, found.is_confirmed}, ip, net::EventLoop::now_ms());
  };
  context_.store.refresh({now_.shared, value, affinity.ttl_s()}, follow);
}

std::string Transaction::stored_value(std::size_t backend_index, bool is_known) const {
  return store::value_of(now_.service->affinity.sharing().backends[backend_index], is_known);
}

void Transaction::on_found(const store::Found& found) {
  if (now_.step == Step::claim) {
    settle_claim(found);
  } else {
    settle_recall(found);
  }
  run();
}

void Transaction::settle_recall(const store::Found& found) {
  now_.step = Step::admit;
  now_.is_in_store =
      found.what == store::Found::What::backend || found.what == store::Found::What::deleted;
  if (found.what != store::Found::What::backend) return;
  route::SessionAffinity& affinity = now_.service->affinity;
  const std::optional<std::size_t> index = affinity.sharing().index_of(found.backend);
  if (!index) return;
  now_.recalled = {*index, found.is_confirmed};
  affinity.adopt(*now_.session, *now_.recalled, now_.client_ip, net::EventLoop::now_ms());
}

// A backend was chosen for a session that has none, or has another one. With a store, it becomes
// the session's there first. True if the request waits for that.
bool Transaction::claims_session() {
  if (!now_.is_bound_anew || now_.shared.empty()) return false;
  const std::string value =
      stored_value(*now_.backend_index, now_.service->affinity.begins_confirmed());
  const store::Binding binding{now_.shared, value, now_.service->affinity.ttl_s()};
  if (!std::exchange(now_.is_in_store, true)) return context_.store.claim(question_, binding);
  context_.store.write(binding);
  return false;
}

// Another machine may have been faster. If its choice cannot serve here, ours replaces it.
void Transaction::settle_claim(const store::Found& found) {
  route::SessionAffinity& affinity = now_.service->affinity;
  std::optional<std::size_t> index;
  if (found.what == store::Found::What::backend) index = affinity.sharing().index_of(found.backend);
  const bool is_ours = found.what == store::Found::What::unknown || index == now_.backend_index;
  if (index && !is_ours && may_serve(now_.service->config.backends[*index])) {
    take_backend(*index);
  } else if (!is_ours) {
    const std::string value = stored_value(*now_.backend_index, affinity.begins_confirmed());
    context_.store.write({now_.shared, value, affinity.ttl_s()});
  }
  bind_session();
}

// Goes on to the backend that the session has in the table of this machine.
void Transaction::bind_session() {
  if (!std::exchange(now_.is_bound_anew, false)) return;
  take_backend(now_.service->affinity.bind(*now_.session, *now_.backend_index, now_.replaced,
                                           now_.client_ip, net::EventLoop::now_ms()));
}

Transaction::Flow Transaction::claim() {
  bind_session();
  return enter_backend();
}

}  // namespace worker::transaction
