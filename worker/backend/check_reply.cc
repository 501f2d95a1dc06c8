// The request and the response of an active check: see check_reply.h.
#include "worker/backend/check_reply.h"

#include <algorithm>

#include "conf/address.h"
#include "worker/http/sanitizer.h"

namespace worker::backend {

namespace {

using shm::CheckOutcome;
using shm::CheckResult;

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::string_view method_name(conf::Check::Method method) {
  switch (method) {
    case conf::Check::Method::get:
      return "GET";
    case conf::Check::Method::head:
      return "HEAD";
    case conf::Check::Method::options:
      return "OPTIONS";
  }
  return "GET";
}

// By which name clients would call the backend if they reached it themselves.
std::string host_of(const conf::Backend& backend) {
  const conf::Check& check = *backend.check;
  if (!check.host.empty()) return check.host;
  const bool has_name = backend.tls && !backend.tls->name.empty();
  if (conf::is_path(backend.address)) {
    return has_name ? conf::url_host(backend.tls->name) : "localhost";
  }
  const std::string& name = has_name ? backend.tls->name : backend.address;
  const std::uint16_t port = check.port != 0 ? check.port : backend.port;
  const bool is_default = port == (backend.tls ? kHttpsPort : kHttpPort);
  return is_default ? conf::url_host(name) : conf::host_port(name, port);
}

}  // namespace

std::string check_request(const conf::Backend& backend) {
  const conf::Check& check = *backend.check;
  if (check.path.empty()) return {};
  return std::string(method_name(check.method)) + ' ' + check.path +
         " HTTP/1.1\r\nHost: " + host_of(backend) +
         "\r\nUser-Agent: Pound-check\r\nConnection: close\r\n\r\n";
}

void CheckReply::clear() {
  head_ = {};
  text_ = {};
  scanned_ = interims_ = 0;
  has_head_ = false;
}

std::optional<CheckOutcome> CheckReply::take(char* data, std::size_t size) {
  if (has_head_) return take_body(data, size);
  head_.append(data, size);
  return take_head();
}

std::optional<CheckOutcome> CheckReply::take_head() {
  http::RequestFacts asked;
  asked.is_head = check_.method == conf::Check::Method::head;
  while (!head_.empty()) {
    http::ResponseHead head;
    http::Refusal refusal;
    const http::ParseStatus status =
        http::parse_response_head(head_, scanned_, head, refusal, rules_);
    if (status == http::ParseStatus::incomplete) return std::nullopt;
    http::ResponseFacts facts;
    if (!refusal) refusal = http::judge_response(head, asked, facts, rules_.relaxed);
    const bool is_endless = facts.is_interim && ++interims_ > http::kMaxInterims;
    if (refusal || is_endless) return CheckOutcome{CheckResult::invalid_response};
    scanned_ = 0;
    if (facts.is_interim) {
      head_.erase(0, head.size);
      continue;
    }
    const bool is_expected =
        std::ranges::any_of(check_.expect, [&](const conf::Check::Statuses& one) {
          return head.status >= one.low && head.status <= one.high;
        });
    if (!is_expected) return CheckOutcome{CheckResult::status, head.status};
    if (!check_.body) return CheckOutcome{CheckResult::passed};
    has_head_ = true;
    body_.start(facts.body, http::kNoLimit, rules_.relaxed);
    head_.erase(0, head.size);
    return take_body(head_.data(), head_.size());
  }
  return std::nullopt;
}

std::optional<CheckOutcome> CheckReply::take_body(char* data, std::size_t size) {
  const http::BodyReader::Taken taken = body_.take(data, size);
  if (body_.state() == http::BodyReader::State::refused) {
    return CheckOutcome{CheckResult::invalid_response};
  }
  text_.append(data, std::min(taken.produced, kMaxCheckBody - text_.size()));
  if (body_.is_whole() || text_.size() == kMaxCheckBody) return judge_body();
  return std::nullopt;
}

CheckOutcome CheckReply::judge_body() const {
  return {check_.body->search(text_) ? CheckResult::passed : CheckResult::body};
}

CheckOutcome CheckReply::end() {
  if (has_head_) body_.end_of_stream();
  return has_head_ && body_.is_whole() ? judge_body() : CheckOutcome{CheckResult::closed};
}

}  // namespace worker::backend
