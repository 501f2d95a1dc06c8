// See explain.h. The order is that of transaction/transaction.h.
#include "worker/explain/explain.h"

#include <cstring>

#include "worker/http/basic.h"
#include "worker/http/cookie_walk.h"
#include "worker/http/field_edits.h"
#include "worker/http/http1_writer.h"
#include "worker/http/redirect.h"
#include "worker/http/request_head.h"
#include "worker/http/request_id.h"
#include "worker/http/sanitizer.h"
#include "worker/http/uri.h"
#include "worker/net/ip_address.h"
#include "worker/route/changed_url.h"
#include "worker/route/client_address.h"
#include "worker/route/hash_key.h"
#include "worker/route/listener.h"
#include "worker/route/router.h"
#include "worker/route/session_affinity.h"
#include "worker/serve/document.h"

namespace worker::explain {

namespace {

// Stands for the id that the daemon makes for each request (RequestID).
constexpr std::string_view kSomeRequestId = "00000000-0000-7000-8000-000000000000";

class Inquiry {
 public:
  Inquiry(const conf::Config& config, const std::vector<route::ListenerHeritage>& listeners,
          const Question& question)
      : question_(question),
        asked_(read_question(config, question)),
        listener_(config.listeners[asked_.listener]),
        heritage_(listeners[asked_.listener]),
        id_field_(listener_.request_id.value_or(config.global.request_id)) {
    now_.listener = asked_.listener;
    now_.listener_name = heritage_.name;
    now_.client = question.peer;
  }

  Explanation run() {
    if (enter() && sanitize() && route()) permit();
    return std::move(now_);
  }

 private:
  bool answer(int status, std::string_view reason) {
    now_.outcome = Outcome::answer;
    now_.status = status;
    now_.reason = reason;
    return false;
  }

  bool refuse(const http::Refusal& refusal) {
    now_.refusal = refusal;
    now_.excerpt = http::excerpt(head_.bytes, refusal.offset);
    const http::ReasonInfo& reason = http::info(refusal.reason);
    return answer(reason.status, reason.code);
  }

  // Those of a listener or a service. A client that connects itself is asked for them at once.
  void note_limits(const std::string& owner, const std::vector<conf::ClientLimit>& limits) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
      const conf::ClientLimit& limit = limits[i];
      std::string text =
          owner + ": Limit " + std::to_string(i + 1) + " counts it by " + route::key_text(limit);
      if (limit.rate != 0) {
        text += ": " + std::to_string(limit.rate) + " in " + std::to_string(limit.per.count()) +
                " s, " + std::to_string(limit.burst) + " at once";
      }
      if (limit.connections != 0) text += ", " + std::to_string(limit.connections) + " connections";
      if (limit.mode == conf::ClientLimit::Mode::observe) text += " (observe)";
      now_.remarks.push_back(text);
    }
  }

  // client/entry: who may connect.
  bool enter() {
    const std::optional<net::IpAddress> peer = net::parse_ip(question_.peer);
    now_.peer_is_trusted = peer ? heritage_.trusted != nullptr && heritage_.trusted->contains(*peer)
                                : heritage_.trusts_unix;
    if (now_.peer_is_trusted || heritage_.clients.permits(question_.peer)) return true;
    answer(403, "client_denied");
    now_.outcome = Outcome::closed;
    return false;
  }

  bool sanitize() {
    std::size_t scanned = 0;
    http::Refusal refusal;
    const http::Limits limits = route::limits_of(listener_);
    head_.clear(limits.fields);
    const http::ParseStatus status =
        http::parse_request_head(asked_.head, scanned, head_, refusal, limits);
    find_client();
    if (status == http::ParseStatus::incomplete) return answer(408, "head_timeout");
    if (status == http::ParseStatus::refused) return refuse(refusal);
    refusal = http::judge_request(head_, facts_, limits);
    return refusal ? refuse(refusal) : true;
  }

  void find_client() {
    if (!now_.peer_is_trusted || !head_.has_all_fields || heritage_.trusted == nullptr) return;
    const std::optional<net::IpAddress> client =
        route::find_client(head_.fields, heritage_.client_field, *heritage_.trusted);
    if (client) now_.client = net::ip_text(*client);
  }

  bool route() {
    if (now_.peer_is_trusted && !heritage_.clients.permits(now_.client)) {
      return answer(403, "client_denied");
    }
    note_limits("listener " + heritage_.name, listener_.client_limits);
    find_service(field_lines());
    const http::RuleSet allowed =
        route::relaxed_rules(listener_, heritage_, now_.service, head_.method);
    if (const http::Refusal refusal = facts_.breaches.refusal(allowed)) return refuse(refusal);
    if (listener_.tls && listener_.tls->strict_sni && !facts_.host.empty()) {
      now_.remarks.push_back("StrictSNI: the certificate of the connection must be for the host");
    }
    return now_.service ? true : answer(404, "no_service");
  }

  std::string_view field_lines() {
    const std::string port = listener_.port != 0 ? std::to_string(listener_.port) : "";
    http::Forwarded forwarded = route::forwarded_by(heritage_, port,
                                                    {.peer_ip = question_.peer,
                                                     .client_ip = now_.client,
                                                     .is_trusted = now_.peer_is_trusted,
                                                     .is_tls = listener_.tls.has_value()},
                                                    head_.fields);
    forwarded.id_field = id_field_;
    if (now_.peer_is_trusted) {
      forwarded.request_id = http::believed_request_id(head_.fields, id_field_);
    }
    if (forwarded.request_id.empty()) forwarded.request_id = kSomeRequestId;
    const std::string_view told = forwarded.believed.proto;
    is_https_ = (told.empty() ? forwarded.proto : told) == "https";
    asked_host_ = forwarded.believed.host.empty() ? facts_.host : forwarded.believed.host;
    http::write_request_head(head_, facts_, forwarded, to_backend_);
    return http::field_lines(to_backend_);
  }

  void find_service(std::string_view lines) {
    route::Subject subject;
    subject.start(head_.method, head_.path_query, lines);
    for (std::size_t i = 0; i < listener_.services.size(); ++i) {
      now_.services.push_back(
          {route::service_name(heritage_.name, i), route::judge(listener_.services[i], subject)});
      if (!now_.services.back().judgement.holds()) continue;
      now_.service = i;
      return;
    }
  }

  void permit() {
    const conf::Service& service = listener_.services[*now_.service];
    if (!heritage_.service_clients[*now_.service].permits(now_.client)) {
      answer(403, "client_denied");
      return;
    }
    now_.may_be_disabled = true;
    note_limits("service " + now_.services.back().name, service.client_limits);
    if (service.redirect) return redirect(*service.redirect);
    if (service.serve && !names_document(*service.serve)) return;
    if (service.auth && !authenticate(*service.auth)) return;
    if (service.serve) {
      answer(200, "");
      return;
    }
    if (service.respond) return respond(*service.respond);
    if (!rewrite(service)) return;
    find_session(service);
    if (service.balance == conf::Balance::hash) {
      now_.hash_key = route::hash_of(service.hash_key, head_, now_.client);
    }
  }

  void redirect(const conf::Redirect& redirect) {
    route::NewLocation made = route::redirect_location(redirect, asked_host_, head_.path_query);
    if (made.is_invalid) {
      answer(500, "redirect_invalid");
    } else if (made.url.empty()) {
      refuse({http::Reason::host_missing});
    } else {
      now_.location = std::move(made.url);
      answer(redirect.code, "");
    }
  }

  bool rewrite(const conf::Service& service) {
    const std::string_view target = http::target_of(to_backend_);
    const route::TemplateValues values{.host = http::host_of(asked_host_),
                                       .client = now_.client,
                                       .proto = is_https_ ? "https" : "http"};
    const route::Rewriting what = route::rewrite_target(
        service.rewrites, target, values, route::limits_of(listener_).request_line, now_.rewritten);
    if (what != route::Rewriting::done) now_.rewritten.clear();
    return what != route::Rewriting::invalid || answer(500, "rewrite_invalid");
  }

  void respond(const conf::Respond& respond) {
    answer(respond.code, "");
    if (respond.body) now_.content = "Body as " + respond.type;
    if (respond.file) now_.content = respond.file->path + " as " + respond.type;
    if (respond.has_error_page()) now_.content = "the page for " + std::to_string(respond.code);
  }

  // Whether the request names a document that Pound makes itself.
  bool names_document(conf::Serve what) {
    if (head_.method != "GET" && head_.method != "HEAD") return answer(405, "serve_method");
    if (serve::document_of(what, head_.path_query, {})) return true;
    now_.location = serve::page_location(head_.path_query);
    return answer(302, "");
  }

  bool authenticate(const conf::Auth& auth) {
    using State = http::BasicCredentials::State;
    std::string scratch;
    const http::BasicCredentials found = http::basic_credentials(head_.fields, scratch);
    if (found.state == State::missing) return answer(401, "auth_missing");
    if (found.state == State::bad) return answer(401, "auth_failed");
    now_.remarks.push_back("Auth: the password of " + std::string(found.user) + " must be right (" +
                           auth.users + "), else 401");
    ::explicit_bzero(scratch.data(), scratch.size());
    return true;
  }

  void find_session(const conf::Service& service) {
    using Type = conf::SessionPolicy::Type;
    const conf::SessionPolicy& policy = service.session;
    std::string scratch;
    std::optional<std::string_view> text;
    if (const auto source = route::source_of(policy.type)) {
      text = http::session_text(*source, policy.id, head_, scratch);
    } else if (policy.type == Type::insert) {
      text = http::CookieWalk(head_.fields, policy.id).next();
    } else if (policy.type == Type::ip) {
      text = now_.client;
    }
    if (text) now_.session.emplace(*text);
  }

  const Question& question_;
  const AskedRequest asked_;
  const conf::Listener& listener_;
  const route::ListenerHeritage& heritage_;
  const std::string id_field_;  // RequestID
  http::RequestHead head_;
  http::RequestFacts facts_;
  std::string_view asked_host_;
  bool is_https_ = false;  // as the client sees it
  std::string to_backend_;
  Explanation now_;
};

}  // namespace

Explanation explain(const conf::Config& config,
                    const std::vector<route::ListenerHeritage>& listeners,
                    const Question& question) {
  return Inquiry(config, listeners, question).run();
}

}  // namespace worker::explain
