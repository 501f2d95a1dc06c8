// The generations that have workers: the active one, perhaps a candidate that is to replace it, and
// older ones whose workers still drain.
//
// Owns the generations and numbers them. During the start the only generation is both the active
// one and the candidate. Plain bookkeeping: starts, informs and stops no process.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "master/generation.h"

namespace master {

class Generations {
 public:
  explicit Generations(Generation first);

  Generation& active() { return all_.at(active_); }
  const Generation& active() const { return all_.at(active_); }
  Generation& at(shm::Generation number) { return all_.at(number); }
  const Generation& at(shm::Generation number) const { return all_.at(number); }
  Generation* candidate();  // the one that starts, or nullptr
  const Generation* candidate() const;

  // The number that the next generation must have when it is added.
  shm::Generation next_number() const { return last_ + 1; }
  Generation& add(Generation next);
  // `number` is the active one from now on.
  void activate(shm::Generation number) { active_ = number; }
  // Forgets a generation that is neither active nor starting, and returns it. Nothing, and no
  // effect, for all others.
  std::optional<Generation> forget(shm::Generation number);

  // All that leave while the program goes on. The active one leaves only when the program ends,
  // within the deadline of that.
  std::vector<Generation*> leaving();
  // When the first of them must be gone, or kNever.
  std::uint64_t leaving_due_ms() const;
  // All, the active one last: its names win where two generations name the same row.
  std::vector<const Generation*> all() const;

 private:
  bool is_leaving(const Generation& generation) const;

  std::map<shm::Generation, Generation> all_;
  shm::Generation active_;
  shm::Generation last_;  // the highest number so far
};

}  // namespace master
