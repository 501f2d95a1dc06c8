// The access record of a request, and its id: see transaction.h.
#include "worker/http/request_id.h"
#include "worker/log/wall_clock.h"
#include "worker/tls/client_auth.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

std::string_view value_of(const http::HeaderList& fields, http::FieldId id) {
  const http::Field* const field = fields.find(id);
  return field != nullptr ? field->value : std::string_view();
}

std::string_view host_of(const http::RequestHead& head) {
  return head.authority.empty() ? value_of(head.fields, http::FieldId::host) : head.authority;
}

}  // namespace

void Transaction::begin_record(const RequestStart& start) {
  const http::RequestHead& head = start.head;
  const log::Shows shows = start.listener.shows;
  log::RequestTexts texts{.line = head.line};
  if (shows >= log::Shows::fields) {
    texts.referer = value_of(head.fields, http::FieldId::referer);
    texts.user_agent = value_of(head.fields, http::FieldId::user_agent);
  }
  if (shows == log::Shows::all) {
    texts.host = host_of(head);
    record_.tls = start.tls != nullptr ? tls::version_name(start.tls) : std::string_view();
    record_.cipher = start.tls != nullptr ? tls::cipher_name(start.tls) : std::string_view();
  }
  log::AccessLog::begin(shows, texts, context_.loop.turn_us(), record_);
  record_.phases = {};
  record_.phase = log::AccessRecord::Phase::none;
  record_.client_ip = now_.client_ip;
  record_.client_port = now_.client_ip.data() == now_.peer_ip.data() ? now_.peer_port : 0;
  record_.peer_ip = now_.peer_ip;
  record_.listener = start.listener.name;
  record_.service = start.listener.name;  // until the service is known
  record_.backend = "-";
  record_.status = 0;
  record_.body_bytes = 0;
  record_.reason = {};
  record_.user.clear();
  record_.session = log::AccessRecord::Session::none;
}

// A trusted proxy may have given the request its id already.
void Transaction::find_request_id(const RequestStart& start) {
  record_.request_id.clear();
  const std::string& name = start.listener.request_id;
  if (name.empty()) return;
  if (start.peer_is_trusted && start.head.has_all_fields) {
    record_.request_id = http::believed_request_id(start.head.fields, name);
  }
  if (record_.request_id.empty()) {
    const std::uint64_t unix_us = log::unix_us(context_.loop.turn_us());
    context_.request_ids.append_next(unix_us * 1000, record_.request_id);
  }
}

void Transaction::write_record() {
  const conf::AccessLog* const format =
      now_.service != nullptr ? now_.service->access_log : now_.listener->access_log;
  enter(log::AccessRecord::Phase::none);
  if (record_.body_bytes == 0) record_.body_bytes = now_.response_bytes;
  record_.request_bytes = now_.request_bytes;
  record_.retries = static_cast<unsigned>(now_.tried.size() + now_.failures);
  context_.access_log.write(format, record_, context_.loop.turn_us());
}

}  // namespace worker::transaction
