// Which backend would get a request.
#include "worker/explain/choice.h"

#include "t/unit/explain/inquiry.h"

using shm::AdminState;
using shm::Standing;
using worker::explain::BackendState;
using worker::explain::Choice;
using worker::explain::choose;

namespace {

// Three backends of a service, and a fourth for its emergencies.
struct Four {
  Four() : states(4) {
    config.backends.resize(4);
    for (std::size_t i = 0; i < 4; ++i) {
      config.backends[i].name = "b" + std::to_string(i + 1);
      config.backends[i].address = "10.0.0." + std::to_string(i + 1);
      config.backends[i].port = 80;
      config.backends[i].own_weight = i == 0 ? 2 : 1;
    }
    conf::Listener listener;
    conf::Service service;
    service.backends = {0, 1, 2};
    service.emergency = {3};
    listener.services.push_back(service);
    config.listeners.push_back(listener);
  }
  conf::Service& service() { return config.listeners[0].services[0]; }
  void set(std::size_t i, Standing standing) { states[i] = {.standing = standing, .share = 0}; }

  // "b1 b2: WHY": those that may get it.
  std::string ask(std::optional<std::size_t> bound = std::nullopt) {
    const Choice choice = choose(config, service(), states, bound, 7);
    std::string text;
    for (const auto& one : choice.candidates) {
      if (one.may_get_it) text += config.backends[one.backend].name + " ";
    }
    return text + ": " + choice.why;
  }

  conf::Config config;
  std::vector<BackendState> states;
};

}  // namespace

TEST_CASE("choice: by weight, among those that may serve") {
  Four house;
  CHECK(house.ask() == "b1 b2 b3 : at random, by weight");
  const Choice choice = choose(house.config, house.service(), house.states, {}, 0);
  CHECK(choice.candidates[0].percent == 50);
  CHECK(choice.candidates[1].percent == 25);
  CHECK_FALSE(choice.chosen);
  house.set(0, Standing::dead);
  house.states[1].admin = AdminState::drained;
  CHECK(house.ask() == "b3 : at random, by weight");
  CHECK(choose(house.config, house.service(), house.states, {}, 0).chosen == 2);
}

TEST_CASE("choice: a session stays with a drained backend, and leaves a disabled or dead one") {
  Four house;
  CHECK(house.ask(1) == "b2 : its session is there");
  house.states[1].admin = AdminState::drained;
  CHECK(house.ask(1) == "b2 : its session is there");
  house.states[1].admin = AdminState::disabled;
  CHECK(house.ask(1) == "b1 b3 : its session leaves b2 (disabled); at random, by weight");
  house.states[1].admin = AdminState::enabled;
  house.set(1, Standing::dead);
  CHECK(house.ask(1) == "b1 b3 : its session leaves b2 (dead); at random, by weight");
}

TEST_CASE("choice: the last one of a service is in use although it is ejected") {
  Four house;
  for (std::size_t i = 0; i < 3; ++i) house.config.backends[i].eject.emplace();
  house.set(0, Standing::ejected);
  CHECK(house.ask() == "b2 b3 : at random, by weight");
  house.set(1, Standing::dead);
  house.states[2].admin = AdminState::disabled;
  CHECK(house.ask() == "b1 : at random, by weight");
}

TEST_CASE("choice: emergency, and nobody") {
  Four house;
  for (std::size_t i = 0; i < 3; ++i) house.set(i, Standing::dead);
  CHECK(house.ask() == "b4 : none of its backends may serve; Emergency does");
  house.states[3].admin = AdminState::drained;
  CHECK(house.ask() == ": no backend may serve");
  house.service().emergency.clear();
  CHECK(house.ask() == ": no backend may serve");
}

TEST_CASE("choice: the least load, and the hash of the key") {
  Four house;
  house.service().balance = conf::Balance::least;
  house.states[0].load = 4;
  house.states[1].load = 3;
  house.states[2].load = 1;
  CHECK(house.ask() == "b3 : the least load for its weight");
  house.states[2].load = 2;
  CHECK(house.ask() == "b1 b3 : the least load for its weight");
  house.service().balance = conf::Balance::hash;
  const std::string first = house.ask();
  CHECK(first.ends_with(": by the hash of its key"));
  CHECK(first.size() == std::string("b1 : by the hash of its key").size());
  CHECK(house.ask() == first);
}
