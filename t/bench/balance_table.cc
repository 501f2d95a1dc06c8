// The time that a choice takes, for each way to balance and up to 1 000 backends: `make
// bench-tables`.
//
// Measures worker/route's balancers in one process on one core, with the loads of two workers in
// real shared memory. Prints the best of several repeats, because other work of a busy machine only
// adds to a figure. Exits with 1 when there is no choice. Asserts no time.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <vector>

#include "shm/segment.h"
#include "t/bench/report_errors.h"
#include "worker/route/balancer.h"

namespace {

constexpr unsigned kRepeats = 9;
constexpr std::size_t kLooks = 2'000'000;  // at a backend, in each repeat
constexpr std::uint32_t kRows = 2;

class Backends final : public worker::route::Candidates {
 public:
  Backends(shm::Segment& segment, std::size_t count) : table_(segment.backends()) {
    for (std::size_t i = 0; i < count; ++i) {
      rows_.push_back(table_.enroll(i + 1, 8, 0).value());
      gates_.push_back(table_.gate(rows_.back()));
    }
  }
  unsigned share(std::size_t index) const override {
    return table_.is_live(rows_[index]) ? worker::route::kFullShare : 0;
  }
  std::uint32_t load(std::size_t index) const override {
    return gates_[index].in_service(kRows) + gates_[index].waiting(kRows);
  }

 private:
  shm::BackendTable& table_;
  std::vector<std::uint32_t> rows_;
  std::vector<shm::Gate> gates_;
};

double best_ns(conf::Balance kind, std::size_t count) {
  using Clock = std::chrono::steady_clock;
  shm::Segment segment;
  const Backends backends(segment, count);
  std::vector<worker::route::Member> members;
  for (std::size_t i = 0; i < count; ++i) members.push_back({8, worker::route::mix(i + 1)});
  const auto balancer = worker::route::make_balancer(kind, members, 0);
  double best = std::numeric_limits<double>::infinity();
  const std::size_t calls = kLooks / count;
  for (unsigned repeat = 0; repeat < kRepeats; ++repeat) {
    const Clock::time_point start = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) {
      const std::uint64_t random = worker::route::mix(i);
      if (!balancer->choose(backends, {.random = random, .key = random})) {
        throw std::runtime_error("no choice");
      }
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    best = std::min(best, took.count() / static_cast<double>(calls));
  }
  return best;
}

void measure() {
  constexpr conf::Balance kKinds[] = {conf::Balance::random, conf::Balance::two,
                                      conf::Balance::least, conf::Balance::roundrobin,
                                      conf::Balance::hash};
  std::printf("%10s %12s %12s %12s %12s %12s\n", "backends", "random, ns", "two, ns", "least, ns",
              "turns, ns", "hash, ns");
  for (const std::size_t count : {2u, 10u, 100u, 1000u}) {
    std::printf("%10zu", count);
    for (const conf::Balance kind : kKinds) std::printf(" %12.0f", best_ns(kind, count));
    std::printf("\n");
  }
}

}  // namespace

int main() { return report_errors("balance_table", measure); }
