#include <doctest/doctest.h>

#include <stdexcept>

#include "master/clock.h"
#include "master/generations.h"

using master::Generation;
using master::Generations;
using State = Generation::State;

namespace {

Generation generation(shm::Generation number, State state) {
  Generation made;
  made.number = number;
  made.state = state;
  return made;
}

std::vector<shm::Generation> numbers_of(const std::vector<const Generation*>& generations) {
  std::vector<shm::Generation> numbers;
  for (const Generation* one : generations) numbers.push_back(one->number);
  return numbers;
}

using Numbers = std::vector<shm::Generation>;

}  // namespace

TEST_CASE("generations: during the start the first one is active and the candidate") {
  Generations generations(generation(1, State::starting));
  CHECK(generations.active().number == 1);
  CHECK(generations.candidate() == &generations.active());
  generations.active().state = State::active;
  CHECK(generations.candidate() == nullptr);
  CHECK(generations.next_number() == 2);
}

TEST_CASE("generations: numbers go up and are never used twice") {
  Generations generations(generation(1, State::active));
  CHECK_THROWS_AS(generations.add(generation(3, State::starting)), std::logic_error);
  CHECK(generations.next_number() == 2);
  generations.add(generation(2, State::abandoned));
  CHECK(generations.forget(2).has_value());
  CHECK(generations.next_number() == 3);
}

TEST_CASE("generations: the active one comes last in the list of all") {
  Generations generations(generation(1, State::active));
  generations.add(generation(2, State::starting));
  CHECK(numbers_of(generations.all()) == Numbers{2, 1});
  generations.activate(2);
  CHECK(numbers_of(generations.all()) == Numbers{1, 2});
  CHECK(generations.active().number == 2);
}

TEST_CASE("generations: the active one and a candidate are not forgotten") {
  Generations generations(generation(1, State::draining));
  generations.add(generation(2, State::starting));
  CHECK_FALSE(generations.forget(1).has_value());
  CHECK_FALSE(generations.forget(2).has_value());
  CHECK_FALSE(generations.forget(3).has_value());
  generations.activate(2);
  CHECK(generations.forget(1).has_value());
  CHECK(numbers_of(generations.all()) == Numbers{2});
}

TEST_CASE("generations: the earliest deadline of those that leave, not of the active one") {
  Generations generations(generation(1, State::draining));
  generations.active().deadline_ms = 100;
  CHECK(generations.leaving().empty());
  CHECK(generations.leaving_due_ms() == master::kNever);
  generations.add(generation(2, State::draining)).deadline_ms = 300;
  generations.add(generation(3, State::active)).deadline_ms = 1;
  generations.activate(3);
  CHECK(generations.leaving().size() == 2);
  CHECK(generations.leaving_due_ms() == 100);
  CHECK(generations.forget(1).has_value());
  CHECK(generations.leaving_due_ms() == 300);
}
