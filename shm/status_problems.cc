// See status_problems.h.
#include "shm/status_problems.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace shm {
namespace {

constexpr std::string_view kError = "error";
constexpr std::string_view kWarning = "warning";
constexpr std::string_view kNotice = "notice";
constexpr std::uint64_t kSilentMs = 3000;  // of a worker; it reports at least once a second

// The fields of one object by name.
class Reader {
 public:
  explicit Reader(const StatusObject& object) : object_(object) {}

  std::string text(std::string_view key) const {
    const StatusField* const field = find_field(object_, key);
    return field != nullptr ? field->value : std::string();
  }
  // 0 for a field without a value; the whole part of a number with decimals.
  std::uint64_t number(std::string_view key) const {
    const std::string digits = text(key);
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  std::string_view kind() const { return object_.kind; }

 private:
  const StatusObject& object_;
};

StatusField text_field(std::string_view key, std::string value) {
  const auto kind = value.empty() ? StatusField::Kind::none : StatusField::Kind::text;
  return {std::string(key), kind, std::move(value)};
}

StatusObject problem(const Reader& of, std::string_view severity, std::string name,
                     std::string text, std::optional<std::uint64_t> since_s = std::nullopt) {
  StatusField since{"since_s", StatusField::Kind::none, {}};
  if (since_s) since = {"since_s", StatusField::Kind::number, std::to_string(*since_s)};
  return {
      "problem",
      {text_field("severity", std::string(severity)), text_field("object", std::string(of.kind())),
       text_field("name", std::move(name)), text_field("text", std::move(text)), std::move(since)}};
}

std::optional<StatusObject> of_process(const Reader& process) {
  if (process.text("segment") == "intact") return std::nullopt;
  return problem(process, kError, {}, "the shared memory is damaged: restart Pound");
}

std::optional<StatusObject> of_worker(const Reader& worker) {
  const std::string name = worker.text("slot");
  const std::uint64_t silent_ms = worker.number("heartbeat_ms");
  if (silent_ms >= kSilentMs) {
    return problem(worker, kError, name, "makes no progress while " + worker.text("doing"),
                   silent_ms / 1000);
  }
  const std::uint64_t memory = worker.number("buffer_memory");
  if (memory != 0 && worker.number("buffered") >= memory / 10 * 9) {
    return problem(worker, kWarning, name, "has almost no memory for bodies left (BufferMemory)");
  }
  if (worker.number("log_dropped") != 0) {
    return problem(worker, kWarning, name, "has lost log records: " + worker.text("log_dropped"));
  }
  if (worker.number("restarts") == 0) return std::nullopt;
  return problem(worker, kNotice, name,
                 "was replaced after a crash, times: " + worker.text("restarts"));
}

// The user or the configuration that has set the administrative state.
std::string author_of(const Reader& object) {
  std::string by = object.text("admin_by");
  return by.empty() ? "the configuration" : by;
}

// Whether all places behind a gate are taken while requests wait for one.
bool is_full(const Reader& object, std::string_view taken) {
  const std::uint64_t limit = object.number("limit");
  return limit != 0 && object.number(taken) >= limit && object.number("waiting") != 0;
}

std::optional<StatusObject> of_listener(const Reader& listener) {
  const std::string name = listener.text("address");
  if (is_full(listener, "in_service")) {
    return problem(listener, kError, name,
                   "has no free slot, requests wait (Threads: " + listener.text("limit") + ")");
  }
  const std::uint64_t most = listener.number("max_streams");
  if (most == 0 || listener.number("streams") < most) return std::nullopt;
  return problem(
      listener, kWarning, name,
      "takes no more tunnels and event streams (MaxStreams: " + std::to_string(most) + ")");
}

// The administrator wants a disabled service so.
std::optional<StatusObject> of_service(const Reader& service) {
  if (service.text("admin") != "disabled") return std::nullopt;
  return problem(service, kNotice, service.text("name"), "is disabled by " + author_of(service),
                 service.number("admin_since_s"));
}

bool is_out_of_use(const Reader& backend) {
  const std::string admin = backend.text("admin");
  return admin == "drained" || admin == "disabled";
}

// Nobody misses a backend that the administrator has taken out of use, so its death is no error.
StatusObject out_of_use(const Reader& backend, std::string name) {
  std::string text = "is " + backend.text("admin") + " by " + author_of(backend);
  if (backend.text("state") == "dead") text += ", and dead: " + backend.text("reason");
  return problem(backend, kNotice, std::move(name), std::move(text),
                 backend.number("admin_since_s"));
}

std::optional<StatusObject> of_backend(const Reader& backend) {
  const std::string name = backend.text("name");
  const std::string state = backend.text("state");
  if (is_out_of_use(backend) && !is_full(backend, "in_flight")) return out_of_use(backend, name);
  if (state == "dead") {
    return problem(backend, kError, name, "is dead: " + backend.text("reason"),
                   backend.number("since_s"));
  }
  if (state == "ejected") return problem(backend, kError, name, "is ejected: too many errors");
  if (is_full(backend, "in_flight")) {
    return problem(backend, kWarning, name,
                   "has no free slot, requests wait (Threads: " + backend.text("limit") + ")");
  }
  const std::string check = backend.text("check");
  if (check.empty() || check == "-" || check == "passed") return std::nullopt;
  return problem(backend, kWarning, name, "has failed its last check: " + check,
                 backend.number("check_s"));
}

std::optional<StatusObject> of_sessions(const Reader& sessions) {
  const std::uint64_t capacity = sessions.number("capacity");
  if (capacity != 0 && sessions.number("used") >= capacity) {
    return problem(sessions, kWarning, {},
                   "the table of sessions is full: the oldest give way (MaxSessions)");
  }
  if (sessions.number("evicted") == 0) return std::nullopt;
  return problem(sessions, kNotice, {},
                 "the table of sessions was full: the oldest have given way (MaxSessions)");
}

// Requests are served all the same, but other machines do not know their sessions.
std::optional<StatusObject> of_store(const Reader& store) {
  const std::string state = store.text("state");
  if (state == "refusing") {
    return problem(store, kWarning, store.text("address"),
                   "refuses to store sessions: this machine keeps them alone");
  }
  if (state != "down" && state != "late") return std::nullopt;
  return problem(store, kWarning, store.text("address"),
                 "is " + state + ": this machine keeps its sessions alone");
}

std::optional<StatusObject> of_certificate(const Reader& certificate) {
  constexpr std::uint64_t kDay = 86'400;
  std::string name = certificate.text("of");
  if (!certificate.text("name").empty()) name += " (" + certificate.text("name") + ")";
  if (certificate.text("expires_in_s").starts_with('-')) {
    return problem(certificate, kError, std::move(name), "has expired");
  }
  const std::uint64_t left_s = certificate.number("expires_in_s");
  if (left_s < 7 * kDay) {
    return problem(certificate, kError, std::move(name), "expires within 7 days");
  }
  if (left_s >= 21 * kDay) return std::nullopt;
  return problem(certificate, kWarning, std::move(name), "expires within 21 days");
}

bool is_of(const StatusObject& problem, std::string_view severity) {
  return problem.fields.front().value == severity;
}

}  // namespace

const StatusField* find_field(const StatusObject& object, std::string_view key) {
  const auto found = std::ranges::find(object.fields, key, &StatusField::key);
  return found != object.fields.end() ? &*found : nullptr;
}

std::optional<StatusObject> problem_of(const StatusObject& object) {
  const Reader reader(object);
  if (object.kind == "process") return of_process(reader);
  if (object.kind == "worker") return of_worker(reader);
  if (object.kind == "listener") return of_listener(reader);
  if (object.kind == "service") return of_service(reader);
  if (object.kind == "backend") return of_backend(reader);
  if (object.kind == "certificate") return of_certificate(reader);
  if (object.kind == "sessions") return of_sessions(reader);
  if (object.kind == "store") return of_store(reader);
  return std::nullopt;
}

std::vector<StatusObject> problems_of(const std::vector<StatusObject>& objects) {
  std::vector<StatusObject> problems;
  for (const StatusObject& object : objects) {
    if (auto found = problem_of(object)) problems.push_back(std::move(*found));
  }
  put_errors_first(problems);
  return problems;
}

bool is_notice(const StatusObject& problem) { return is_of(problem, kNotice); }

void put_errors_first(std::vector<StatusObject>& problems) {
  const auto is_error = [](const StatusObject& problem) { return is_of(problem, kError); };
  std::stable_partition(problems.begin(), problems.end(), is_error);
  std::stable_partition(problems.begin(), problems.end(), std::not_fn(is_notice));
}

}  // namespace shm
