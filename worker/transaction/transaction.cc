// One request and its response, from the head to a slot of a backend, and the end: see
// transaction.h.
#include "worker/transaction/transaction.h"

#include "worker/http/http1_writer.h"
#include "worker/log/reasons.h"
#include "worker/route/client_address.h"
#include "worker/tls/client_auth.h"

namespace worker::transaction {

const Transaction::StepFunction Transaction::kSteps[] = {
    &Transaction::sanitize,     &Transaction::route,   &Transaction::permit,
    &Transaction::authenticate, &Transaction::serve,   &Transaction::collect,
    &Transaction::recall,       &Transaction::admit,   &Transaction::pick_backend,
    &Transaction::claim,        &Transaction::connect, &Transaction::secure,
    &Transaction::send_head,    &Transaction::relay,   &Transaction::run_tunnel,
    &Transaction::finish,
};

constexpr shm::Activity Transaction::activity_of(Step step) {
  constexpr auto kFirst = static_cast<std::uint8_t>(shm::Activity::sanitize);
  static_assert(kFirst + static_cast<std::uint8_t>(Step::finish) ==
                static_cast<std::uint8_t>(shm::Activity::finish));
  return static_cast<shm::Activity>(kFirst + static_cast<std::uint8_t>(step));
}

Transaction::Transaction(Context& context, Exchange& client)
    : context_(context),
      client_(client),
      admission_(*this),
      auth_waiter_(*this),
      question_(*this),
      pace_(*this),
      stream_deadline_(
          [](void* self) { static_cast<Transaction*>(self)->cut_stream("stream_timeout"); }, this) {
}

void Transaction::reset(const RequestStart& start) {
  now_ = {};
  now_.listener = &start.listener;
  find_client(start);
  now_.tls = start.tls;
  now_.head = &start.head;
  response_body_.start({});
  to_backend_.clear();
  request_head_.clear();
  rewritten_.clear();
  asked_authority_.clear();
  pace_.begin();
  question_.begin();
  begin_record(start);
  find_request_id(start);
  now_.begun_us = context_.loop.turn_us();
}

// What a head speaks that was refused before it was parsed is known of HTTP/2 only.
void Transaction::count_begin(const RequestStart& start, bool is_parsed) {
  shm::RequestProtocol protocol = shm::RequestProtocol::unknown;
  if (start.head.version == http::Version::http2) {
    protocol = shm::RequestProtocol::http2;
  } else if (is_parsed) {
    protocol = start.head.version == http::Version::http10 ? shm::RequestProtocol::http10
                                                           : shm::RequestProtocol::http11;
  }
  context_.segment.workers().count_request(context_.row);
  start.listener.cells.count_request(protocol);
  if (context_.client_sample.takes_next(context_.random)) {
    context_.segment.busy_clients().count(context_.row, now_.client_ip);
  }
}

// Is called before the last bytes of a response may leave, and at the end of every request. A
// worker that dies between has counted what its client got whole. Of streams, which last as long as
// a client likes, there is no time.
void Transaction::count_end() {
  count_reason();
  if (now_.is_end_counted) return;
  now_.is_end_counted = true;
  const shm::ResponseClass what = shm::response_class(now_.response_begun ? record_.status : 0);
  const std::uint64_t took_us = context_.loop.turn_us() - now_.begun_us;
  const auto count = [&](shm::ResponseCells& cells) {
    cells.count(what);
    if (!now_.is_stream) cells.count_time(took_us);
  };
  count(now_.listener->cells.responses);
  if (now_.service != nullptr) {
    count(context_.segment.services().response_cells(now_.service->row, context_.row));
  }
}

// The first reason of a request counts: a client may also leave before it has taken an error page.
void Transaction::count_reason() {
  if (record_.reason.empty() || now_.is_reason_counted) return;
  now_.is_reason_counted = true;
  log::count_own_reason(now_.listener->cells, record_.reason);
}

void Transaction::start(const RequestStart& start) {
  reset(start);
  count_begin(start, true);
  run();
}

void Transaction::start_refused(const RequestStart& start, const http::Refusal& refusal) {
  reset(start);
  count_begin(start, false);
  refuse_head(refusal);
  run();
}

void Transaction::start_too_late(const RequestStart& start) {
  reset(start);
  count_begin(start, false);
  fail(408, "head_timeout");
  run();
}

void Transaction::run() {
  Flow flow = Flow::next;
  while (flow == Flow::next) {
    std::optional<std::uint32_t> service_row;
    if (now_.service != nullptr) service_row = now_.service->row;
    context_.activity.set(activity_of(now_.step), now_.listener->heritage.row, service_row);
    const StepFunction step = kSteps[static_cast<std::size_t>(now_.step)];
    flow = (this->*step)();
  }
}

Transaction::Flow Transaction::sanitize() {
  const http::Limits& limits = now_.listener->limits;
  const http::Refusal refusal = http::judge_request(*now_.head, now_.facts, limits);
  if (refusal) return refuse_head(refusal);
  const BodyPart early = client_.accept(now_.facts, limits.body);
  if (early.status == BodyPart::Status::refused) return refuse(early.refusal, early.excerpt);
  if (early.status == BodyPart::Status::data) send_request_part(nullptr, early.data);
  return go(Step::route);
}

Transaction::Flow Transaction::route() {
  const http::RequestHead& head = *now_.head;
  route::Listener& listener = *now_.listener;
  if (is_denied_by_listener()) return fail(403, "client_denied");
  if (const auto refused = check_limits(listener.client_limits)) return *refused;
  write_request_head();
  const std::string_view lines = http::field_lines(request_head_);
  const std::optional<std::size_t> service =
      listener.router.route(head.method, head.path_query, lines);
  // Only now is it known which rules are relaxed.
  const http::RuleSet allowed =
      route::relaxed_rules(listener.config, listener.heritage, service, head.method);
  if (const http::Refusal refusal = now_.facts.breaches.refusal(allowed)) {
    return refuse_head(refusal);
  }
  if (is_misdirected()) return fail(421, "misdirected");
  if (!service) return fail(404, "no_service");
  now_.service = &listener.services[*service];
  record_.service = now_.service->name;
  now_.may_repeat = may_repeat(head.method);
  context_.segment.services().count_request(now_.service->row, context_.row);
  return go(Step::permit);
}

void Transaction::write_request_head() {
  std::string tls_fields;
  if (now_.tls != nullptr) tls::append_fields(now_.tls, tls_fields);
  http::Forwarded forwarded = route::forwarded_by(now_.listener->heritage, now_.listener->port,
                                                  {.peer_ip = now_.peer_ip,
                                                   .client_ip = now_.client_ip,
                                                   .is_trusted = now_.peer_is_trusted,
                                                   .is_tls = now_.tls != nullptr,
                                                   .tls_fields = tls_fields},
                                                  now_.head->fields);
  forwarded.id_field = now_.listener->request_id;
  forwarded.request_id = record_.request_id;
  const std::string_view told = forwarded.believed.host;
  now_.asked_host = told.empty() ? now_.facts.host : told;
  const std::string_view proto = forwarded.believed.proto;
  now_.is_https = (proto.empty() ? forwarded.proto : proto) == "https";
  request_head_.clear();
  http::write_request_head(*now_.head, now_.facts, forwarded, request_head_);
  const conf::Listener& listener = now_.listener->config;
  const bool rewrites = listener.rewrite_location != 0 || listener.rewrite_destination;
  if (rewrites || now_.listener->has_edits) note_asked();
}

// The client cannot receive an answer any more.
Transaction::Flow Transaction::give_up_on_client(std::string_view reason) {
  record_.reason = reason;
  if (!now_.response_begun) record_.status = log::kStatusClientGone;
  now_.end = Exchange::End::cut_off;
  return go(Step::finish);
}

Transaction::Flow Transaction::finish() {
  if (now_.tunnel) now_.response_bytes += now_.tunnel->bytes_to_client();
  now_.tunnel.reset();
  drop_upstream();
  admission_.leave();
  auth_waiter_.leave();
  question_.leave();
  pace_.stop();
  count_end();
  generated_.reset();
  compression_.reset();
  end_stream();
  to_backend_.forget();
  give_reserve_back();
  write_record();
  client_.end(now_.end);
  return Flow::ended;
}

void Transaction::cut_off(std::string_view reason) {
  give_up_on_client(reason);
  run();
}

void Transaction::on_client_readable() {
  const bool reads_on = now_.step == Step::tunnel || now_.step == Step::collect ||
                        generated_ != nullptr ||
                        (now_.step == Step::relay && !client_.body_is_whole());
  if (reads_on) return run();
  // An orderly end of stream is no reason to stop: a client may close its side and still read. But
  // a place in a queue is for a client that can be seen to wait.
  const bool left_queue = admission_.is_waiting() && client_.has_ended();
  if (!left_queue && !client_.is_gone()) return;
  give_up_on_client("client_closed");
  run();
}

void Transaction::on_upstream_event(backend::UpstreamConnection&) {
  if (now_.step == Step::connect) {
    const int error = upstream_->connect_result();
    if (error == EINPROGRESS) return;
    upstream_->deadline().stop();
    if (error == 0) {
      connected();
    } else if (connect_failed(error) == Flow::wait) {
      return;
    }
  }
  run();
}

}  // namespace worker::transaction
