// See health_command.h.
#include "master/control/health_command.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "master/control/backend_names.h"
#include "shm/admin_states.h"

namespace master::control {
namespace {

// Asks the segment about the services of one generation.
class Judge {
 public:
  Judge(const worker::Heritage& heritage, shm::Segment& segment)
      : heritage_(heritage), segment_(segment) {}

  bool serves(const conf::Service& service, std::uint32_t row) const {
    if (segment_.services().admin().state(row) == shm::AdminState::disabled) return false;
    return service.backends.empty() || any_takes_clients(service.backends) ||
           any_takes_clients(service.emergency);
  }

 private:
  bool any_takes_clients(const std::vector<std::size_t>& backends) const {
    return std::ranges::any_of(backends, [&](std::size_t i) {
      const std::uint32_t row = heritage_.backends[i].row;
      return segment_.backends().is_live(row) &&
             segment_.backends().admin().state(row) == shm::AdminState::enabled;
    });
  }

  const worker::Heritage& heritage_;
  shm::Segment& segment_;
};

// Throws Refused unless the service can serve.
void judge_one(const worker::Heritage& heritage, shm::Segment& segment, const std::string& name) {
  const NamedService which = find_service(heritage, name);
  const conf::Service& service = heritage.config->listeners[which.listener].services[which.service];
  const std::uint32_t row = heritage.listeners[which.listener].service_rows[which.service];
  if (Judge(heritage, segment).serves(service, row)) return;
  throw Refused("service " + name + " is disabled, or no backend of it takes clients");
}

// Throws Refused unless a service with backends can serve, where there is one.
void judge_all(const worker::Heritage& heritage, shm::Segment& segment) {
  const Judge judge(heritage, segment);
  bool has_backends = false;
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const std::vector<conf::Service>& services = heritage.config->listeners[i].services;
    for (std::size_t k = 0; k < services.size(); ++k) {
      if (services[k].backends.empty()) continue;
      if (judge.serves(services[k], heritage.listeners[i].service_rows[k])) return;
      has_backends = true;
    }
  }
  if (has_backends) throw Refused("no backend takes clients");
}

void answer(const Call& call, shm::Segment& segment, const Serving& serving) {
  const std::vector<std::string>& words = call.arguments;
  const bool names_one = words.size() == 2 && words[0] == "--service";
  if (!words.empty() && !names_one) throw Misused("expected nothing, or --service NAME");
  if (!serving.why_not.empty()) throw Refused(serving.why_not);
  if (names_one) {
    judge_one(*serving.heritage, segment, words[1]);
  } else {
    judge_all(*serving.heritage, segment);
  }
  call.reply.answer("healthy\n");
}

}  // namespace

void add_health_command(Commands& commands, shm::Segment& segment,
                        std::function<Serving()> serving) {
  commands.add({.name = "health",
                .arguments = "[--service NAME]",
                .help = "whether clients may be sent to this machine",
                .run = [&segment, serving = std::move(serving)](const Call& call) {
                  answer(call, segment, serving());
                }});
}

}  // namespace master::control
