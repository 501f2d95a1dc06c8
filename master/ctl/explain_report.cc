// See explain_report.h.
#include "master/ctl/explain_report.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "conf/address.h"
#include "conf/schema.h"
#include "conf/service.h"
#include "shm/status_json.h"

namespace master::ctl {
namespace {

using Kind = shm::StatusField::Kind;
using worker::explain::Candidate;
using worker::explain::Choice;
using worker::explain::Explanation;
using worker::explain::Outcome;

constexpr std::size_t kNameWidth = 11;

class Maker {
 public:
  explicit Maker(std::string_view kind) : object_{kind, {}} {}
  Maker& text(std::string_view key, std::string value) {
    const Kind kind = value.empty() ? Kind::none : Kind::text;
    object_.fields.push_back({std::string(key), kind, std::move(value)});
    return *this;
  }
  Maker& number(std::string_view key, std::uint64_t value) {
    object_.fields.push_back({std::string(key), Kind::number, std::to_string(value)});
    return *this;
  }
  shm::StatusObject take() { return std::move(object_); }

 private:
  shm::StatusObject object_;
};

// As the configuration writes it.
std::string_view name_of(conf::SessionPolicy::Type type) {
  const conf::Key& key = *conf::find_key(conf::session_schema(), "Type").key;
  const std::string_view word = conf::choice_word(key, static_cast<std::int64_t>(type));
  return word.empty() ? "none" : word;
}

shm::StatusObject sanitizer_object(const Explanation& found) {
  Maker object("sanitizer");
  if (!found.refusal) return object.text("verdict", "passes").take();
  const worker::http::ReasonInfo& rule = worker::http::info(found.refusal.reason);
  return object.text("verdict", "refuses")
      .text("reason", std::string(rule.code))
      .number("offset", found.refusal.offset)
      .text("excerpt", found.excerpt)
      .text("rule", std::string(rule.text))
      .text("section", std::string(rule.section))
      .take();
}

shm::StatusObject service_object(const worker::explain::ServiceVerdict& service) {
  const worker::route::Judgement& judgement = service.judgement;
  Maker object("service");
  object.text("name", service.name).text("verdict", judgement.holds() ? "taken" : "skipped");
  if (judgement.holds()) return object.take();
  return object.text("condition", std::string(judgement.key))
      .text("pattern", judgement.wanted)
      .text("is", judgement.denies ? "found" : "not found")
      .text("in", judgement.in)
      .take();
}

shm::StatusObject session_object(const Report& report, const conf::Service& service) {
  const Explanation& found = report.explanation;
  std::string note = report.daemon.session_note;
  if (!found.session) note = "the request has no key, so it has no session";
  return Maker("session")
      .text("type", std::string(name_of(service.session.type)))
      .text("id", service.session.id)
      .text("key", found.session.value_or(""))
      .text("backend", report.daemon.bound ? report.config.backends[*report.daemon.bound].name : "")
      .text("note", std::move(note))
      .take();
}

shm::StatusObject backend_object(const Report& report, const Candidate& candidate) {
  const conf::Backend& backend = report.config.backends[candidate.backend];
  const worker::explain::BackendState& state = report.daemon.states[candidate.backend];
  Maker object("backend");
  object.text("name", backend.name)
      .text("address", conf::host_port(backend.address, backend.port))
      .text("state", std::string(to_text(state.standing)))
      .text("admin", std::string(to_text(state.admin)))
      .number("weight", backend.weight())
      .number("share", std::uint64_t{state.share} * 100 / shm::kFullShare)
      .number("load", state.load)
      .number("percent", candidate.percent)
      .text("verdict", candidate.may_get_it ? "may get it" : "does not get it")
      .text("why", candidate.why);
  return object.take();
}

// Without the daemon nothing is known but what the file says.
shm::StatusObject configured_object(const conf::Backend& backend) {
  return Maker("backend")
      .text("name", backend.name)
      .text("address", conf::host_port(backend.address, backend.port))
      .number("weight", backend.weight())
      .text("admin", backend.disabled ? "drained by the file" : "")
      .text("verdict", "unknown")
      .take();
}

shm::StatusObject outcome_object(const Report& report, const Choice* choice) {
  const Explanation& found = report.explanation;
  Maker object("outcome");
  if (found.outcome == Outcome::closed) {
    return object.text("verdict", "closed").text("reason", found.reason).take();
  }
  if (found.outcome == Outcome::answer) {
    object.text("verdict", "answer")
        .number("status", static_cast<std::uint64_t>(found.status))
        .text("reason", found.reason)
        .text("location", found.location);
    if (!found.content.empty()) object.text("content", found.content);
    return object.take();
  }
  if (choice == nullptr) {
    return object.text("verdict", "backend").text("why", "the daemon would choose").take();
  }
  const bool is_lost = std::ranges::none_of(choice->candidates, &Candidate::may_get_it);
  if (is_lost) {
    return object.text("verdict", "answer")
        .number("status", 503)
        .text("reason", "no_backend")
        .text("why", choice->why)
        .take();
  }
  return object.text("verdict", "backend")
      .text("backend", choice->chosen ? report.config.backends[*choice->chosen].name : "")
      .text("why", choice->why)
      .take();
}

// Without the daemon the file decides.
bool is_disabled(const Report& report) {
  const Explanation& found = report.explanation;
  if (!found.may_be_disabled) return false;
  const conf::Service& service = report.config.listeners[found.listener].services[*found.service];
  return report.daemon.disables_service.value_or(service.disabled);
}

shm::StatusObject disabled_object(const Report& report) {
  const Explanation& found = report.explanation;
  const conf::Service& service = report.config.listeners[found.listener].services[*found.service];
  return Maker("outcome")
      .text("verdict", "answer")
      .number("status", 503)
      .text("reason", "service_disabled")
      .text("content", service.maintenance ? service.maintenance->page.path : "")
      .take();
}

void add_backends(const Report& report, std::vector<shm::StatusObject>& objects) {
  const Explanation& found = report.explanation;
  if (!found.rewritten.empty()) {
    objects.push_back(Maker("rewrite").text("target", found.rewritten).take());
  }
  const conf::Service& service = report.config.listeners[found.listener].services[*found.service];
  if (service.session.type != conf::SessionPolicy::Type::none) {
    objects.push_back(session_object(report, service));
  }
  if (!report.daemon.why_not.empty()) {
    for (const auto& list : {service.backends, service.emergency}) {
      for (const std::size_t i : list) {
        objects.push_back(configured_object(report.config.backends[i]));
      }
    }
    objects.push_back(Maker("note").text("text", report.daemon.why_not).take());
    objects.push_back(outcome_object(report, nullptr));
    return;
  }
  const Choice choice = worker::explain::choose(report.config, service, report.daemon.states,
                                                report.daemon.bound, found.hash_key);
  for (const Candidate& candidate : choice.candidates) {
    objects.push_back(backend_object(report, candidate));
  }
  for (const std::string& name : report.daemon.unknown) {
    objects.push_back(Maker("note")
                          .text("text", "the daemon does not know backend " + name + ": reload?")
                          .take());
  }
  objects.push_back(outcome_object(report, &choice));
}

std::string_view value_of(const shm::StatusObject& object, std::string_view key) {
  for (const shm::StatusField& field : object.fields) {
    if (field.key == key) return field.value;
  }
  return {};
}

// The values of these keys, as far as they are there, with something before each.
std::string joined(const shm::StatusObject& object,
                   const std::vector<std::pair<std::string_view, std::string_view>>& parts) {
  std::string text;
  for (const auto& [before, key] : parts) {
    const std::string_view value = value_of(object, key);
    if (!value.empty()) text.append(before).append(value);
  }
  return text;
}

std::string text_of(const shm::StatusObject& object) {
  if (object.kind == "request") {
    return joined(
        object, {{"", "method"}, {" ", "url"}, {" from ", "client"}, {", a client of ", "proxy"}});
  }
  if (object.kind == "listener") return joined(object, {{"", "name"}, {" ", "scheme"}});
  if (object.kind == "sanitizer") {
    return joined(object, {{"", "verdict"},
                           {": ", "reason"},
                           {" at offset ", "offset"},
                           {": ", "rule"},
                           {" (", "section"}}) +
           (value_of(object, "section").empty() ? "" : ")") +
           joined(object, {{", near: ", "excerpt"}});
  }
  if (object.kind == "service") {
    return joined(object, {{"", "name"},
                           {" ", "verdict"},
                           {": ", "condition"},
                           {" ", "pattern"},
                           {" is ", "is"},
                           {" in ", "in"}});
  }
  if (object.kind == "rewrite") return joined(object, {{"the backend gets ", "target"}});
  if (object.kind == "session") {
    return joined(
        object,
        {{"", "type"}, {" ", "id"}, {", key ", "key"}, {", at ", "backend"}, {"; ", "note"}});
  }
  if (object.kind == "backend") {
    return joined(object, {{"", "name"},
                           {" at ", "address"},
                           {" ", "state"},
                           {" ", "admin"},
                           {", weight ", "weight"},
                           {", share ", "share"},
                           {"%, load ", "load"},
                           {", gets ", "percent"}}) +
           (value_of(object, "percent").empty() ? "" : "% of new clients") +
           joined(object, {{": ", "verdict"}, {", ", "why"}});
  }
  if (object.kind == "outcome") {
    return joined(object, {{"", "verdict"},
                           {" ", "backend"},
                           {" ", "status"},
                           {" ", "reason"},
                           {" to ", "location"},
                           {" with ", "content"},
                           {": ", "why"}});
  }
  return joined(object, {{"", "text"}});
}

}  // namespace

std::vector<shm::StatusObject> objects_of(const Report& report) {
  const Explanation& found = report.explanation;
  const bool is_told = found.peer_is_trusted && found.client != report.question.peer;
  std::vector<shm::StatusObject> objects;
  objects.push_back(Maker("request")
                        .text("method", report.question.method)
                        .text("url", report.question.url)
                        .text("client", found.client)
                        .text("proxy", is_told ? report.question.peer : "")
                        .take());
  const bool is_https = report.config.listeners[found.listener].tls.has_value();
  objects.push_back(Maker("listener")
                        .text("name", found.listener_name)
                        .text("scheme", is_https ? "https" : "http")
                        .take());
  if (found.outcome != Outcome::closed) objects.push_back(sanitizer_object(found));
  for (const auto& service : found.services) objects.push_back(service_object(service));
  for (const std::string& remark : found.remarks) {
    objects.push_back(Maker("note").text("text", remark).take());
  }
  if (is_disabled(report)) {
    objects.push_back(disabled_object(report));
  } else if (found.outcome == Outcome::backend) {
    add_backends(report, objects);
  } else {
    objects.push_back(outcome_object(report, nullptr));
  }
  return objects;
}

std::string json_of(const std::vector<shm::StatusObject>& objects) {
  constexpr std::string_view kOnce[] = {"request", "listener", "sanitizer",
                                        "rewrite", "session",  "outcome"};
  constexpr std::pair<std::string_view, std::string_view> kLists[] = {
      {"service", "services"}, {"backend", "backends"}, {"note", "notes"}};
  std::string text = "{";
  const auto add = [&](std::string_view key) {
    if (text.size() > 1) text += ',';
    text.append("\"").append(key).append("\":");
  };
  for (const std::string_view kind : kOnce) {
    const auto found = std::ranges::find(objects, kind, &shm::StatusObject::kind);
    if (found == objects.end()) continue;
    add(kind);
    shm::append_json(text, *found);
  }
  for (const auto& [kind, key] : kLists) {
    add(key);
    text += '[';
    for (const shm::StatusObject& object : objects) {
      if (object.kind != kind) continue;
      if (text.back() != '[') text += ',';
      shm::append_json(text, object);
    }
    text += ']';
  }
  return text + "}";
}

std::string text_of(const std::vector<shm::StatusObject>& objects) {
  std::string text;
  for (const shm::StatusObject& object : objects) {
    std::string line(object.kind);
    line.resize(std::max(line.size() + 1, kNameWidth), ' ');
    line += text_of(object);
    // A field or a pattern may have such bytes, and each object has one line.
    std::ranges::replace(line, '\n', ' ');
    text += line + "\n";
  }
  return text;
}

}  // namespace master::ctl
