// See generations.h.
#include "master/generations.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "master/clock.h"

namespace master {

Generations::Generations(Generation first) : active_(first.number), last_(first.number) {
  all_.emplace(active_, std::move(first));
}

const Generation* Generations::candidate() const {
  for (const auto& [number, generation] : all_) {
    if (generation.state == Generation::State::starting) return &generation;
  }
  return nullptr;
}

Generation* Generations::candidate() {
  const Generation* const found = std::as_const(*this).candidate();
  return found == nullptr ? nullptr : &all_.at(found->number);
}

Generation& Generations::add(Generation next) {
  const shm::Generation number = next.number;
  if (number != next_number()) throw std::logic_error("a generation with a wrong number");
  Generation& added = all_.emplace(number, std::move(next)).first->second;
  last_ = number;
  return added;
}

std::optional<Generation> Generations::forget(shm::Generation number) {
  const auto found = all_.find(number);
  if (number == active_ || found == all_.end()) return std::nullopt;
  if (found->second.state == Generation::State::starting) return std::nullopt;
  return std::move(all_.extract(found).mapped());
}

bool Generations::is_leaving(const Generation& generation) const {
  return generation.state == Generation::State::draining && generation.number != active_;
}

std::vector<Generation*> Generations::leaving() {
  std::vector<Generation*> found;
  for (auto& [number, generation] : all_) {
    if (is_leaving(generation)) found.push_back(&generation);
  }
  return found;
}

std::uint64_t Generations::leaving_due_ms() const {
  std::uint64_t due_ms = kNever;
  for (const auto& [number, generation] : all_) {
    if (is_leaving(generation)) due_ms = std::min(due_ms, generation.deadline_ms);
  }
  return due_ms;
}

std::vector<const Generation*> Generations::all() const {
  std::vector<const Generation*> found;
  for (const auto& [number, generation] : all_) {
    if (number != active_) found.push_back(&generation);
  }
  found.push_back(&active());
  return found;
}

}  // namespace master
