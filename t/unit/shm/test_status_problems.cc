// What is wrong with each kind of object, at its bounds.
#include "shm/status_problems.h"

#include <doctest/doctest.h>

#include <string>

using Kind = shm::StatusField::Kind;
using shm::StatusObject;

namespace {

StatusObject object(std::string_view kind,
                    std::initializer_list<std::pair<const char*, const char*>> fields) {
  StatusObject made{kind, {}};
  for (const auto& [key, value] : fields) {
    const std::string text = value;
    made.fields.push_back({key, text.empty() ? Kind::none : Kind::text, text});
  }
  return made;
}

// "SEVERITY OBJECT NAME: TEXT [SINCE]"; empty when all is well.
std::string said(const StatusObject& object) {
  const auto problem = shm::problem_of(object);
  if (!problem) return {};
  const auto value = [&](std::string_view key) { return shm::find_field(*problem, key)->value; };
  std::string text = value("severity") + " " + value("object") + " " + value("name") + ": ";
  text += value("text");
  return value("since_s").empty() ? text : text + " [" + value("since_s") + "]";
}

}  // namespace

TEST_CASE("status_problems: the process and its workers") {
  CHECK(said(object("process", {{"segment", "intact"}})).empty());
  CHECK(said(object("process", {{"segment", "damaged"}})) ==
        "error process : the shared memory is damaged: restart Pound");
  const auto worker = [](const char* heartbeat, const char* dropped) {
    return said(object("worker", {{"slot", "1"},
                                  {"heartbeat_ms", heartbeat},
                                  {"log_dropped", dropped},
                                  {"doing", "relay"}}));
  };
  CHECK(worker("2999", "0").empty());
  CHECK(worker("", "0").empty());
  CHECK(worker("3000", "0") == "error worker 1: makes no progress while relay [3]");
  CHECK(worker("10", "7") == "warning worker 1: has lost log records: 7");
  const auto idle_worker = [](const char* buffered, const char* restarts) {
    return said(object("worker", {{"slot", "1"},
                                  {"heartbeat_ms", "1"},
                                  {"log_dropped", "0"},
                                  {"restarts", restarts},
                                  {"buffered", buffered},
                                  {"buffer_memory", "100"}}));
  };
  CHECK(idle_worker("89", "0").empty());
  CHECK(idle_worker("90", "2") ==
        "warning worker 1: has almost no memory for bodies left (BufferMemory)");
  CHECK(idle_worker("0", "2") == "notice worker 1: was replaced after a crash, times: 2");
}

TEST_CASE("status_problems: listeners whose slots or streams are all taken") {
  const auto listener = [](const char* taken, const char* limit, const char* waiting,
                           const char* streams) {
    return said(object("listener", {{"address", "a:80"},
                                    {"in_service", taken},
                                    {"limit", limit},
                                    {"waiting", waiting},
                                    {"streams", streams},
                                    {"max_streams", "4"}}));
  };
  CHECK(listener("8", "8", "0", "3").empty());
  CHECK(listener("7", "8", "1", "3").empty());
  CHECK(listener("9", "0", "1", "3").empty());
  CHECK(listener("8", "8", "1", "3") ==
        "error listener a:80: has no free slot, requests wait (Threads: 8)");
  CHECK(listener("1", "8", "0", "4") ==
        "warning listener a:80: takes no more tunnels and event streams (MaxStreams: 4)");
}

TEST_CASE("status_problems: backends") {
  const auto backend = [](const char* state, const char* taken, const char* check) {
    return said(object("backend", {{"name", "b"},
                                   {"state", state},
                                   {"since_s", "12"},
                                   {"reason", "refused"},
                                   {"in_flight", taken},
                                   {"limit", "8"},
                                   {"waiting", "1"},
                                   {"check", check},
                                   {"check_s", "2"}}));
  };
  CHECK(backend("live", "7", "").empty());
  CHECK(backend("live", "7", "-").empty());
  CHECK(backend("warming", "7", "passed").empty());
  CHECK(backend("dead", "0", "") == "error backend b: is dead: refused [12]");
  CHECK(backend("ejected", "0", "") == "error backend b: is ejected: too many errors");
  CHECK(backend("live", "8", "") ==
        "warning backend b: has no free slot, requests wait (Threads: 8)");
  CHECK(backend("live", "0", "http_503") ==
        "warning backend b: has failed its last check: http_503 [2]");
}

TEST_CASE("status_problems: a backend that the administrator has taken out of use is a notice") {
  const auto backend = [](const char* state, const char* admin, const char* by, const char* taken) {
    return said(object("backend", {{"name", "b"},
                                   {"state", state},
                                   {"since_s", "12"},
                                   {"reason", "refused"},
                                   {"in_flight", taken},
                                   {"limit", "8"},
                                   {"waiting", "1"},
                                   {"check", "http_503"},
                                   {"admin", admin},
                                   {"admin_by", by},
                                   {"admin_since_s", "70"}}));
  };
  CHECK(backend("live", "drained", "uid:0", "7") == "notice backend b: is drained by uid:0 [70]");
  CHECK(backend("live", "disabled", "uid:1000", "0") ==
        "notice backend b: is disabled by uid:1000 [70]");
  CHECK(backend("live", "drained", "", "0") ==
        "notice backend b: is drained by the configuration [70]");
  CHECK(backend("dead", "disabled", "uid:0", "0") ==
        "notice backend b: is disabled by uid:0, and dead: refused [70]");
  CHECK(backend("ejected", "drained", "uid:0", "0") ==
        "notice backend b: is drained by uid:0 [70]");
  CHECK(backend("dead", "enabled", "uid:0", "0") == "error backend b: is dead: refused [12]");
  CHECK(backend("live", "drained", "uid:0", "8") ==
        "warning backend b: has no free slot, requests wait (Threads: 8)");
}

TEST_CASE("status_problems: certificates that expire") {
  const auto certificate = [](const char* left, const char* name) {
    return said(object("certificate", {{"of", "a:443"}, {"name", name}, {"expires_in_s", left}}));
  };
  CHECK(certificate("1814400", "a.test").empty());
  CHECK(certificate("1814399", "a.test") ==
        "warning certificate a:443 (a.test): expires within 21 days");
  CHECK(certificate("604800", "") == "warning certificate a:443: expires within 21 days");
  CHECK(certificate("604799", "") == "error certificate a:443: expires within 7 days");
  CHECK(certificate("0", "") == "error certificate a:443: expires within 7 days");
  CHECK(certificate("-1", "") == "error certificate a:443: has expired");
}

TEST_CASE("status_problems: the table of sessions, and what is never wrong") {
  CHECK(said(object("sessions", {{"used", "999"}, {"capacity", "1000"}})).empty());
  CHECK(said(object("sessions", {{"used", "1000"}, {"capacity", "1000"}})) ==
        "warning sessions : the table of sessions is full: the oldest give way (MaxSessions)");
  CHECK(
      said(object("sessions", {{"used", "9"}, {"capacity", "1000"}, {"evicted", "4"}})) ==
      "notice sessions : the table of sessions was full: the oldest have given way (MaxSessions)");
  CHECK(said(object("service", {{"name", "l/1"}, {"admin", "enabled"}})).empty());
  CHECK(said(object("service", {{"name", "l/1"},
                                {"admin", "disabled"},
                                {"admin_by", "uid:0"},
                                {"admin_since_s", "3"}})) ==
        "notice service l/1: is disabled by uid:0 [3]");
  for (const char* kind : {"service", "limit", "client", "auth"})
    CHECK(said(object(kind, {})).empty());
}

TEST_CASE("status_problems: the session store") {
  const auto store = [](const char* state) {
    return said(object("store", {{"address", "a:6379,b:6379"}, {"state", state}}));
  };
  for (const char* state : {"", "connecting", "ready"}) CHECK(store(state).empty());
  CHECK(store("refusing") ==
        "warning store a:6379,b:6379: refuses to store sessions: this machine keeps them alone");
  CHECK(store("late") ==
        "warning store a:6379,b:6379: is late: this machine keeps its sessions alone");
  CHECK(store("down") ==
        "warning store a:6379,b:6379: is down: this machine keeps its sessions alone");
}

TEST_CASE("status_problems: errors come first and notices last, in the order of the objects") {
  const auto dead = [](const char* name) {
    return object("backend", {{"name", name}, {"state", "dead"}, {"reason", "reset"}});
  };
  const auto problems =
      shm::problems_of({object("backend", {{"name", "c"}, {"admin", "drained"}}),
                        object("worker", {{"slot", "0"}, {"log_dropped", "1"}}), dead("a"),
                        object("backend", {{"state", "live"}}), dead("b")});
  REQUIRE(problems.size() == 4);
  CHECK(shm::find_field(problems[0], "name")->value == "a");
  CHECK(shm::find_field(problems[1], "name")->value == "b");
  CHECK(shm::find_field(problems[2], "name")->value == "0");
  CHECK(shm::find_field(problems[3], "name")->value == "c");
  CHECK_FALSE(shm::is_notice(problems[2]));
  CHECK(shm::is_notice(problems[3]));
  CHECK(shm::find_field(problems[2], "unknown") == nullptr);
}
