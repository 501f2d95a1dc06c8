// See explain.h.
#include "master/ctl/explain.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "conf/address.h"
#include "conf/load.h"
#include "master/ctl/connection.h"
#include "master/ctl/explain_report.h"
#include "master/ctl/failure.h"
#include "master/ctl/objects.h"
#include "shm/status_text.h"
#include "worker/prepare.h"

namespace master::ctl {
namespace {

using worker::explain::BackendState;
using worker::explain::Question;

constexpr std::chrono::seconds kPatience{5};
constexpr char kUsage[] =
    "explain takes METHOD URL, and then -H 'Name: value' …, -c CLIENT_ADDRESS, --listener NAME and "
    "--json";

struct Asked {
  Question question;
  bool json = false;
};

Asked parse(const std::vector<std::string>& words) {
  Asked asked;
  std::vector<std::string> operands;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool takes_value = word == "-H" || word == "-c" || word == "--listener";
    if (takes_value && i + 1 == words.size()) throw Failure(kMisused, word + " takes a value");
    if (word == "--json") {
      asked.json = true;
    } else if (word == "-H") {
      asked.question.fields.push_back(words[++i]);
    } else if (word == "-c") {
      asked.question.peer = words[++i];
    } else if (word == "--listener") {
      asked.question.listener = words[++i];
    } else {
      operands.push_back(word);
    }
  }
  if (operands.size() != 2) throw Failure(kMisused, kUsage);
  asked.question.method = operands[0];
  asked.question.url = operands[1];
  return asked;
}

worker::Heritage read_routing(const std::string& config_file) {
  conf::Diagnostics diagnostics;
  std::optional<conf::Config> config = conf::load(config_file, diagnostics);
  std::optional<worker::Heritage> heritage;
  if (config) {
    heritage = worker::Preparation::routing(
        std::make_shared<const conf::Config>(std::move(*config)), diagnostics);
  }
  if (!heritage) throw Failure(kFailed, diagnostics.headlines().front());
  return std::move(*heritage);
}

// As the daemon writes it in a line.
std::pair<std::string, std::string> names_in_line(const conf::Backend& backend) {
  using Kind = shm::StatusField::Kind;
  const Object object(shm::object_lines({{"backend",
                                          {{"name", Kind::text, backend.name},
                                           {"address", Kind::text,
                                            conf::host_port(backend.address, backend.port)}}}})
                          .front());
  return {object.text("name"), object.text("address")};
}

BackendState state_of(const Object& object) {
  BackendState state;
  for (const auto admin : {shm::AdminState::drained, shm::AdminState::disabled}) {
    if (object.text("admin") == to_text(admin)) state.admin = admin;
  }
  for (const auto standing :
       {shm::Standing::warming, shm::Standing::ejected, shm::Standing::dead}) {
    if (object.text("state") == to_text(standing)) state.standing = standing;
  }
  const std::uint64_t percent = object.number("share");
  state.share = static_cast<unsigned>((percent * shm::kFullShare + 99) / 100);
  state.load = static_cast<std::uint32_t>(object.number("in_flight") + object.number("waiting"));
  return state;
}

void take_states(const conf::Config& config, const std::string& answer, DaemonView& view) {
  std::map<std::pair<std::string, std::string>, BackendState> states;
  for (const Object& object : parse_objects(answer)) {
    states.emplace(std::pair(object.text("name"), object.text("address")), state_of(object));
  }
  for (const conf::Backend& backend : config.backends) {
    const auto found = states.find(names_in_line(backend));
    if (found != states.end()) {
      view.states.push_back(found->second);
      continue;
    }
    view.states.push_back({.standing = shm::Standing::dead, .share = 0});
    view.unknown.push_back(backend.name);
  }
}

// The service's backend of which a line of the daemon tells the names.
std::optional<std::size_t> backend_in(const conf::Config& config, const conf::Service& service,
                                      const Object& object) {
  for (const std::size_t i : service.backends) {
    if (names_in_line(config.backends[i]) ==
        std::pair(object.text("backend"), object.text("address"))) {
      return i;
    }
  }
  return std::nullopt;
}

void take_service(const worker::explain::Explanation& found, const std::string& answer,
                  DaemonView& view) {
  for (const Object& object : parse_objects(answer)) {
    if (object.text("name") != found.services.back().name) continue;
    view.disables_service = object.text("admin") == to_text(shm::AdminState::disabled);
  }
}

void take_session(const conf::Config& config, const worker::explain::Explanation& found,
                  const std::string& socket, DaemonView& view) {
  const conf::Service& service = config.listeners[found.listener].services[*found.service];
  if (!found.session || service.session.type == conf::SessionPolicy::Type::none) return;
  try {
    const Objects objects = parse_objects(
        ask(socket, {"session", "show", found.services.back().name, *found.session}, kPatience));
    view.bound = backend_in(config, service, first_of(objects, "session"));
    if (!view.bound) view.session_note = "its backend is no longer one of the service";
  } catch (const Failure& failure) {
    view.session_note = failure.what();
  }
}

DaemonView ask_daemon(const ExplainOptions& options, const conf::Config& config,
                      const worker::explain::Explanation& found) {
  DaemonView view;
  if (!found.may_be_disabled) return view;
  try {
    const std::string socket =
        options.socket.empty() ? socket_of(options.config_file) : options.socket;
    take_service(found, ask(socket, {"services"}, kPatience), view);
    if (found.outcome != worker::explain::Outcome::backend) return view;
    take_states(config, ask(socket, {"backends"}, kPatience), view);
    take_session(config, found, socket, view);
  } catch (const Failure& failure) {
    view = {};
    view.why_not = std::string("the states of backends are not known: ") + failure.what();
  }
  return view;
}

}  // namespace

std::string explain(const ExplainOptions& options) {
  const Asked asked = parse(options.words);
  const worker::Heritage heritage = read_routing(options.config_file);
  try {
    const worker::explain::Explanation found =
        worker::explain::explain(*heritage.config, heritage.listeners, asked.question);
    const DaemonView daemon = ask_daemon(options, *heritage.config, found);
    const auto objects = objects_of({*heritage.config, asked.question, found, daemon});
    return asked.json ? json_of(objects) : text_of(objects);
  } catch (const worker::explain::BadQuestion& bad) {
    throw Failure(kMisused, bad.what());
  }
}

}  // namespace master::ctl
