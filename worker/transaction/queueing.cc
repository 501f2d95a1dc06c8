// One request from its route to a slot of a backend: see transaction.h.
#include <algorithm>

#include "worker/route/client_hash.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// How much of a body is read at a time while it is collected, and how often in a turn of the loop.
constexpr std::size_t kCollectSize = 16 * 1024;
constexpr int kReadsPerTurn = 8;

}  // namespace

// Takes the request's body, up to `Buffer`, so that no slot is held while a slow client sends it. A
// client that waits for 100 Continue sends nothing before a backend has agreed.
Transaction::Flow Transaction::collect() {
  const std::size_t most = now_.listener->config.buffer;
  if (client_.body_is_whole() || now_.facts.expects_continue) return go(after_collect());
  const http::Framing& body = now_.facts.body;
  const bool is_short = body.kind == http::Framing::Kind::length && body.length < most;
  const std::uint64_t wanted = is_short ? body.length : most;
  if (wanted != 0 && !reserve(wanted)) return go(after_collect());
  for (int i = 0; !client_.body_is_whole() && to_backend_.held() < most; ++i) {
    if (i == kReadsPerTurn) {
      client_.read_later();
      break;
    }
    const std::size_t room = most - to_backend_.held();
    const BodyPart part = client_.read_body(context_.buffer.data(), std::min(room, kCollectSize));
    if (part.status == BodyPart::Status::nothing_now) break;
    if (part.status == BodyPart::Status::refused) return refuse(part.refusal, part.excerpt);
    if (part.status != BodyPart::Status::data) return give_up_on_client("client_closed");
    send_request_part(nullptr, part.data);
  }
  if (client_.body_is_whole() || to_backend_.held() >= most) {
    pace_.stop();
    return go(after_collect());
  }
  pace_.wait(Pace::For::request, now_.listener->pace);
  return Flow::wait;
}

// Makes the reservation of this request at least `bytes`. False when memory is short, or for 0.
bool Transaction::reserve(std::uint64_t bytes) {
  if (bytes <= now_.reserved) return bytes != 0;
  if (!context_.budget.take(bytes - now_.reserved)) return false;
  now_.reserved = bytes;
  return true;
}

void Transaction::give_reserve_back() {
  context_.budget.give(now_.reserved);
  now_.reserved = 0;
}

// Whether to go on behind a gate; where the request waits, the step that follows is set already.
Transaction::Flow Transaction::after_entry(Admission::Entry entry) {
  if (entry == Admission::Entry::entered) return Flow::next;
  if (entry == Admission::Entry::waits) return Flow::wait;
  note_full_queue(admission_.is_stranger() ? "QueueLength (half of it for strangers)"
                                           : "QueueLength");
  return fail_for_now("queue_full");
}

// Whether it is the request of a stranger: one without a session that a backend has answered, where
// the service wants such requests to wait behind others.
shm::Rank Transaction::judge_rank() {
  if (now_.service->config.queue == conf::QueueOrder::equal) return shm::Rank::known;
  if (now_.named) return shm::Rank::known;
  now_.bound.emplace();
  std::optional<route::SessionAffinity::Session> session;
  if (now_.session) {
    session = now_.service->affinity.look_up(*now_.session, net::EventLoop::now_ms());
    if (!session) session = now_.recalled;
  }
  if (session) now_.bound->emplace(session->backend_index);
  if (session && session->is_known) return shm::Rank::known;
  context_.segment.services().count_stranger(now_.service->row, context_.row);
  return shm::Rank::stranger;
}

Transaction::Flow Transaction::admit() {
  now_.step = Step::pick_backend;
  enter(log::AccessRecord::Phase::queue);
  const shm::Rank rank = judge_rank();
  const Admission::Terms terms{
      .client = route::client_hash(context_.client_secret, now_.client_ip, rank),
      .is_sender = !client_.body_is_whole(),
      .rank = rank,
      .most_waiting = now_.listener->config.queue_length,
      .timeout = &now_.listener->queue_timeout,
  };
  const Admission::Entry entry = admission_.enter_listener(now_.listener->slots, terms);
  if (entry == Admission::Entry::waits) now_.bound.reset();  // it may be bound meanwhile
  return after_entry(entry);
}

Transaction::Flow Transaction::pick_backend() {
  enter(log::AccessRecord::Phase::queue);
  // One failure per backend, plus one, is enough: more means that backends are flapping.
  const conf::Service& service = now_.service->config;
  const std::size_t most = service.backends.size() + service.emergency.size();
  if (now_.failures > most || !choose_backend()) return fail(503, "no_backend");
  if (claims_session()) {
    now_.step = Step::claim;
    return Flow::wait;
  }
  bind_session();
  return enter_backend();
}

Transaction::Flow Transaction::enter_backend() {
  now_.step = Step::connect;
  return after_entry(admission_.enter_backend(now_.backend->slots));
}

// The administrator may have disabled the backend while the request waited for it.
void Transaction::on_admitted() {
  if (now_.step == Step::connect && context_.health.is_disabled(*now_.backend)) {
    admission_.leave_backend();
    now_.step = Step::pick_backend;
  }
  run();
}

// The chosen backend has had no slot for some time. Another one may have, unless its session or
// its key binds the request to this one; or this one may have died.
void Transaction::on_waited_long() {
  const std::vector<std::size_t>& backends = now_.service->config.backends;
  const std::size_t others = is_bound_to_backend() ? 0 : backends.size();
  for (std::size_t i = 0; i < others; ++i) {
    backend::Backend& other = context_.backends[backends[i]];
    if (&other == now_.backend || share_of(backends[i]) == 0) continue;
    if (!admission_.try_other_backend(other.slots)) continue;
    take_backend(i);
    return run();
  }
  if (context_.health.share(*now_.backend) == 0) {
    admission_.leave_backend();
    now_.step = Step::pick_backend;
    run();
  }
}

void Transaction::on_wait_timeout() {
  note_full_queue("QueueTimeOut");
  fail_for_now("queue_timeout");
  run();
}

// Logs which limit keeps requests from being served, now and then.
void Transaction::note_full(std::string_view limit, const std::string& why) {
  route::Listener& listener = *now_.listener;
  if (!listener.full_line.take(net::EventLoop::now_ms())) return;
  context_.log.write(log::Severity::warning, "listener " + listener.name + ": " +
                                                 std::string(limit) + " is reached: " + why +
                                                 "; others get 503");
}

void Transaction::note_full_queue(std::string_view limit) {
  const route::Listener& listener = *now_.listener;
  const bool at_backend = admission_.state() != Admission::State::outside &&
                          admission_.state() != Admission::State::waiting_for_listener;
  const unsigned threads = at_backend ? now_.backend->config.threads : listener.config.threads;
  const route::Slots& slots = at_backend ? now_.backend->slots : listener.slots;
  const std::string where = at_backend ? "at backend " + now_.backend->title() : "here";
  const std::uint32_t senders = slots.senders.waiting();
  if (admission_.is_sender() && senders != 0) {
    return note_full(
        limit, std::to_string(shm::half_of(threads)) +
                   " requests (half of Threads) with a body under way are in service " + where +
                   ", " + std::to_string(senders) + " wait");
  }
  note_full(limit, std::to_string(threads) + " requests (Threads) are in service " + where + ", " +
                       std::to_string(slots.all.waiting()) + " wait");
}

}  // namespace worker::transaction
