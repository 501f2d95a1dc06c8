// What is wrong: see views.h.
#include <string>

#include "master/ctl/views.h"

namespace master::ctl {
namespace {

constexpr std::uint64_t kSoonS = 21 * 86'400;
constexpr std::uint64_t kSilentMs = 3000;  // a worker's heartbeat comes every second

void judge_admin(const Object& object, const std::string& name, Lines& lines) {
  if (!is_out_of_use(object)) return;
  const std::string by = object.has("admin_by") ? object.text("admin_by") : "the configuration";
  lines.push_back(name + " is " + object.text("admin") + " by " + by + " since " +
                  span_text(object.number("admin_since_s")));
}

void judge_backend(const Object& backend, Lines& lines) {
  const std::string& state = backend.text("state");
  const std::string name = "backend " + backend.text("name");
  if (state == "dead") {
    lines.push_back(name + " (" + backend.text("address") + ") is dead since " +
                    span_text(backend.number("since_s")) + ": " + backend.text("reason"));
  } else if (state == "ejected") {
    lines.push_back(name + " is ejected because of its errors, for " +
                    span_text(backend.number("ejected_s")));
  } else if (backend.has("check") && backend.text("check") != "passed") {
    lines.push_back(name + " does not pass its checks: " + backend.text("check"));
  }
  judge_admin(backend, name, lines);
  if (backend.number("waiting") == 0) return;
  lines.push_back(name + " is full: " + backend.text("waiting") + " requests wait, " +
                  backend.text("in_flight") + " of " + backend.text("limit") + " are in flight");
}

void judge_listener(const Object& listener, Lines& lines) {
  if (listener.number("waiting") == 0) return;
  lines.push_back("listener " + listener.text("address") + " is full: " + listener.text("waiting") +
                  " requests wait, " + listener.text("in_service") + " of " +
                  listener.text("limit") + " are in service");
}

void judge_worker(const Object& worker, Lines& lines) {
  const std::string name = "worker " + worker.text("slot") + " (pid " + worker.text("pid") + ")";
  if (worker.number("heartbeat_ms") >= kSilentMs) {
    lines.push_back(name + " gives no sign of life since " +
                    span_text(worker.number("heartbeat_ms") / 1000) + ", at " +
                    worker.text("doing"));
  }
  if (worker.number("restarts") != 0) {
    lines.push_back(name + " was replaced " + worker.text("restarts") + " times after a crash");
  }
  if (worker.number("log_dropped") != 0) {
    lines.push_back(name + " lost " + worker.text("log_dropped") + " log records");
  }
  const std::uint64_t memory = worker.number("buffer_memory");
  if (memory != 0 && worker.number("buffered") >= memory / 10 * 9) {
    lines.push_back(name + " has no BufferMemory left");
  }
}

void judge_sessions(const Object& sessions, Lines& lines) {
  if (sessions.number("evicted") == 0) return;
  lines.push_back("the table of sessions was full: " + sessions.text("evicted") +
                  " sessions were forgotten early (MaxSessions)");
}

void judge_certificate(const Object& certificate, Lines& lines) {
  const std::string& left = certificate.text("expires_in_s");
  const std::string name = "the certificate " + certificate.text("file") + " of " +
                           certificate.text("owner") + " " + certificate.text("of");
  if (left.starts_with('-') && left.size() > 1) {
    lines.push_back(name + " has expired");
  } else if (certificate.has("expires_in_s") && certificate.number("expires_in_s") < kSoonS) {
    lines.push_back(name + " expires in " + span_text(certificate.number("expires_in_s")));
  }
}

}  // namespace

bool is_out_of_use(const Object& object) {
  return object.text("admin") == "drained" || object.text("admin") == "disabled";
}

Lines problems_of(const Objects& objects) {
  Lines lines;
  if (first_of(objects, "process").text("segment") == "damaged") {
    lines.push_back("the shared memory is damaged; restart pound");
  }
  for (const Object& one : of_kind(objects, "backend")) judge_backend(one, lines);
  for (const Object& one : of_kind(objects, "service")) {
    judge_admin(one, "service " + one.text("name"), lines);
  }
  for (const Object& one : of_kind(objects, "listener")) judge_listener(one, lines);
  for (const Object& one : of_kind(objects, "worker")) judge_worker(one, lines);
  for (const Object& one : of_kind(objects, "certificate")) judge_certificate(one, lines);
  for (const Object& one : of_kind(objects, "sessions")) judge_sessions(one, lines);
  return lines;
}

}  // namespace master::ctl
