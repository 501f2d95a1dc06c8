// One request and its response, from the head to a slot of a backend, and the end: see
// transaction.h.
#include "worker/transaction/transaction.h"

#include "shm/segment.h"
#include "worker/http/http1_writer.h"
#include "worker/tls/client_auth.h"

namespace worker::transaction {

const Transaction::StepFunction Transaction::kSteps[] = {
    &Transaction::sanitize,     &Transaction::route,   &Transaction::admit,
    &Transaction::pick_backend, &Transaction::connect, &Transaction::send_head,
    &Transaction::relay,        &Transaction::tunnel,  &Transaction::finish,
};

Transaction::Transaction(WorkerContext& worker)
    : worker_(worker),
      listener_waiter_([](void* self) { static_cast<Transaction*>(self)->on_listener_slot(); },
                       [](void*) {}, this),
      backend_waiter_([](void* self) { static_cast<Transaction*>(self)->on_backend_slot(); },
                      [](void* self) { static_cast<Transaction*>(self)->on_restless(); }, this),
      wait_deadline_([](void* self) { static_cast<Transaction*>(self)->on_wait_deadline(); }, this),
      pace_deadline_([](void* self) { static_cast<Transaction*>(self)->on_pace_deadline(); },
                     this) {}

Transaction::~Transaction() = default;

void Transaction::reset(client::ClientConnection& client) {
  client_ = &client;
  facts_ = {};
  service_ = nullptr;
  backend_ = nullptr;
  attempts_ = 0;
  interims_ = 0;
  session_.reset();
  is_bound_ = false;
  fresh_only_ = false;
  request_.clear();
  response_.clear();
  response_begun_ = heard_upstream_ = request_shut_ = response_shut_ = false;
  after_ = client::ClientConnection::After::close;
  record_.client_ip = client.ip();
  record_.status = 0;
  record_.service = record_.backend = "-";
  record_.reason = {};
  worker_.access_log.begin(worker_.request_head, record_);
  worker_.segment.workers().count_request(worker_.heritage.row);
  worker_.segment.listeners().count_request(client.listener().heritage.row, worker_.heritage.row);
}

void Transaction::start(client::ClientConnection& client, char* rest, std::size_t rest_size) {
  reset(client);
  rest_ = rest;
  rest_size_ = rest_size;
  step_ = Step::sanitize;
  run();
}

void Transaction::start_refused(client::ClientConnection& client, const http::Refusal& refusal) {
  reset(client);
  refuse_head(refusal);
  run();
}

void Transaction::start_too_late(client::ClientConnection& client) {
  worker_.request_head.clear();
  reset(client);
  fail(408, "head_timeout");
  run();
}

void Transaction::run() {
  Flow flow = Flow::next;
  while (flow == Flow::next) {
    worker_.note(activity_of(step_), client_->listener(), service_);
    const StepFunction step = kSteps[static_cast<std::size_t>(step_)];
    flow = (this->*step)();
  }
}

Transaction::Flow Transaction::sanitize() {
  const http::Refusal refusal =
      http::judge_request(worker_.request_head, facts_, client_->listener().limits);
  if (refusal) return refuse_head(refusal);
  request_.start(facts_.body, facts_.body.kind == http::Framing::Kind::chunked,
                 client_->listener().limits.body);
  if (rest_size_ != 0) {
    const std::size_t taken = request_.take(nullptr, {}, rest_, rest_size_);
    if (request_.broken()) return refuse(request_.refusal(), request_.excerpt());
    client_->keep({rest_ + taken, rest_size_ - taken});
  }
  return go(Step::route);
}

Transaction::Flow Transaction::route() {
  const http::RequestHead& head = worker_.request_head;
  ListenerRuntime& listener = client_->listener();
  const std::optional<std::size_t> service = listener.router.route(head.path_query, head.fields);
  // Only now is it known which rules are relaxed.
  const http::RuleSet allowed =
      service ? listener.heritage.service_allowed[*service] : listener.heritage.allowed;
  if (const http::Refusal refusal = facts_.breaches.refusal(allowed)) return refuse_head(refusal);
  if (is_misdirected()) return fail(421, "misdirected");
  if (!service) return fail(404, "no_service");
  service_ = &listener.services[*service];
  record_.service = service_->name;
  worker_.segment.services().count_request(service_->row, worker_.heritage.row);
  if (service_->config.redirect) return redirect(*service_->config.redirect);
  session_ = service_->affinity.key_of(head, client_->ip());

  const tls::Session* const tls = client_->stream().tls();
  std::string tls_fields;
  if (tls != nullptr) tls::append_fields(tls->ssl(), tls_fields);
  request_head_.clear();
  http::write_request_head(head, facts_,
                           {.client_ip = client_->ip(),
                            .proto = tls != nullptr ? "https" : "http",
                            .local_host = listener.name,
                            .local_port = listener.port,
                            .tls_fields = tls_fields},
                           request_head_);
  upgrade_ = facts_.upgrade;
  facts_.upgrade = upgrade_;
  facts_.host = {};
  return go(Step::admit);
}

Transaction::Flow Transaction::admit() {
  step_ = Step::pick_backend;
  if (!client_->listener().queue.enter(listener_waiter_)) return Flow::wait;
  in_listener_ = true;
  return Flow::next;
}

void Transaction::on_listener_slot() {
  in_listener_ = true;
  run();
}

Transaction::Flow Transaction::pick_backend() {
  // Who finds more dead backends than there are is met by ones that come and go; enough is enough.
  std::optional<std::size_t> choice;
  if (attempts_ <= service_->config.backends.size()) choice = choose_backend();
  if (!choice) return fail(503, "no_backend");
  take_backend(*choice);

  step_ = Step::connect;
  if (!backend_->queue.enter(backend_waiter_)) {
    wait_deadline_.start(backend_->timeout, net::EventLoop::now_ms());
    return Flow::wait;
  }
  in_backend_ = true;
  return Flow::next;
}

// That of the session while it lives, else one by weight, which is then the session's.
std::optional<std::size_t> Transaction::choose_backend() {
  const std::vector<std::size_t>& backends = service_->config.backends;
  const auto is_live = [&](std::size_t i) {
    return worker_.segment.backends().is_live(worker_.backends[backends[i]]->heritage.row);
  };
  is_bound_ = session_.has_value();
  std::optional<std::size_t> bound;
  if (session_) bound = service_->affinity.find(*session_, net::EventLoop::now_ms());
  if (bound && is_live(*bound)) return bound;
  const auto choice = service_->balancer.choose(worker_.random(), is_live);
  if (!session_ || !choice) return choice;
  return service_->affinity.bind(*session_, *choice, bound, net::EventLoop::now_ms());
}

void Transaction::take_backend(std::size_t place) {
  place_ = place;
  backend_ = worker_.backends[service_->config.backends[place]].get();
  record_.backend = backend_->config.name;
}

void Transaction::on_backend_slot() {
  wait_deadline_.stop();
  in_backend_ = true;
  run();
}

// The chosen backend has no slot for some time: another one may have, unless the session belongs
// here; or this one may have died.
void Transaction::on_restless() {
  const shm::BackendTable& table = worker_.segment.backends();
  const std::size_t others = is_bound_ ? 0 : service_->config.backends.size();
  for (std::size_t place = 0; place < others; ++place) {
    BackendRuntime& other = *worker_.backends[service_->config.backends[place]];
    if (&other == backend_ || !table.is_live(other.heritage.row) || !other.queue.try_enter()) {
      continue;
    }
    backend_->queue.cancel(backend_waiter_);
    take_backend(place);
    on_backend_slot();
    return;
  }
  if (!table.is_live(backend_->heritage.row)) {
    backend_->queue.cancel(backend_waiter_);
    wait_deadline_.stop();
    step_ = Step::pick_backend;
    run();
  }
}

void Transaction::on_wait_deadline() {
  fail(503, "queue_timeout");
  run();
}

// Nobody is there to hear an answer.
Transaction::Flow Transaction::give_up_on_client(std::string_view reason) {
  record_.reason = reason;
  if (!response_begun_) record_.status = log::kStatusClientGone;
  after_ = client::ClientConnection::After::abort;
  return go(Step::finish);
}

void Transaction::release_backend_slot() {
  if (in_backend_) backend_->queue.leave();
  in_backend_ = false;
}

void Transaction::release_slots() {
  wait_deadline_.stop();
  if (backend_waiter_.waiting()) backend_->queue.cancel(backend_waiter_);
  if (listener_waiter_.waiting()) client_->listener().queue.cancel(listener_waiter_);
  release_backend_slot();
  if (in_listener_) client_->listener().queue.leave();
  in_listener_ = false;
}

Transaction::Flow Transaction::finish() {
  drop_upstream();
  release_slots();
  pace_deadline_.stop();
  client_write_.remove();
  if (record_.body_bytes == 0) record_.body_bytes = response_.body_bytes();
  worker_.access_log.write(record_);
  record_.body_bytes = 0;
  client_->transaction_ended(after_);
  return Flow::ended;
}

void Transaction::cut_off(std::string_view reason) {
  give_up_on_client(reason);
  run();
}

void Transaction::on_client_event() {
  if (step_ == Step::tunnel || (step_ == Step::relay && !request_.source_done())) {
    run();
  } else if (client_->stream().has_failed()) {
    // An orderly end of stream is no reason to stop: a client may close its side and still listen.
    give_up_on_client("client_closed");
    run();
  }
}

void Transaction::on_upstream_event(backend::UpstreamConnection&) {
  if (step_ == Step::connect) {
    const int error = upstream_->connect_result();
    if (error == EINPROGRESS) return;
    upstream_->deadline().stop();
    if (error == 0) {
      step_ = Step::send_head;
    } else {
      drop_upstream();
      if (connect_next_address(error) == Flow::wait) return;
    }
  }
  run();
}

}  // namespace worker::transaction
