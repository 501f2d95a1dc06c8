// The time of a look-up among many networks, and of reading their list: `make bench-tables`.
//
// Half of the networks are of IPv4, half of IPv6, with the prefixes that lists from registries
// have. Addresses are asked in random order; about half are in a network. Prints the best of
// several repeats, because other work of a busy machine only adds to a figure. Exits with 1 when a
// look-up is wrong. Asserts no time.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "t/bench/report_errors.h"
#include "worker/net/address_lists.h"

namespace {

using Clock = std::chrono::steady_clock;
using worker::net::AddressMark;
using worker::net::AddressSet;
using worker::net::IpAddress;

constexpr unsigned kRepeats = 9;
constexpr unsigned kBurst = 1u << 12;
constexpr unsigned kBursts = 1000;

// splitmix64
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Networks that do not touch: every second one of 2^20 of IPv4 with 20 bits, and of IPv6 with 48.
IpAddress network_of(std::uint64_t number, bool is_v6) {
  const std::uint64_t place = (mix(number) >> 45 << 1) & 0xfffff;
  if (!is_v6) return {0, place << 12, false};
  return {0x2001000000000000 | place << 20, 0, true};
}

IpAddress inside(IpAddress network, std::uint64_t random, bool is_there) {
  if (!network.is_v6) {
    network.low |= (random & 0xfff) | (is_there ? 0 : 0x1000);
    return network;
  }
  network.high |= (random & 0xffff) | (is_there ? 0 : 0x100000);
  network.low = mix(random);
  return network;
}

class File {
 public:
  explicit File(unsigned count) {
    path_ = "/tmp/pound-bench-" + std::to_string(::getpid());
    std::FILE* const file = std::fopen(path_.c_str(), "w");
    if (file == nullptr) throw std::runtime_error("cannot write " + path_);
    for (unsigned i = 0; i < count; ++i) {
      const bool is_v6 = i % 2 == 1;
      std::fprintf(file, "%s/%d\n", conf::ip_text(network_of(i, is_v6)).c_str(), is_v6 ? 44 : 20);
    }
    std::fclose(file);
  }
  ~File() { std::remove(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct LoadTime {
  double ms = std::numeric_limits<double>::infinity();
  double longest_step_ms = std::numeric_limits<double>::infinity();
};

std::shared_ptr<const AddressSet> load(const std::string& path, LoadTime& best) {
  conf::AddressList list(1);
  list[0].file = path;
  std::shared_ptr<const AddressSet> made;
  for (unsigned repeat = 0; repeat < kRepeats; ++repeat) {
    conf::Diagnostics diagnostics;
    worker::net::AddressLists lists(diagnostics);
    double sum = 0;
    double longest = 0;
    worker::tls::Steps steps = lists.load(list, {}, made);
    for (bool goes_on = true; goes_on;) {
      const Clock::time_point start = Clock::now();
      goes_on = steps.next();
      const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      sum += ms;
      longest = std::max(longest, ms);
    }
    best.ms = std::min(best.ms, sum);
    best.longest_step_ms = std::min(best.longest_step_ms, longest);
    if (!made) throw std::runtime_error(diagnostics.text());
  }
  return made;
}

// The best of many short bursts. Each asks for addresses of its own, so that the last one has not
// left them in the cache.
double look_up_ns(const AddressSet& set, unsigned count, bool is_v6) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<IpAddress> asked(kBurst);
  for (unsigned burst = 0; burst < kBursts; ++burst) {
    unsigned expected = 0;
    for (unsigned i = 0; i < kBurst; ++i) {
      const std::uint64_t random = mix(std::uint64_t{1} << 40 | burst * kBurst | i);
      const std::uint64_t number = random % (count / 2) * 2 + (is_v6 ? 1 : 0);
      const bool is_there = (random >> 32) % 2 == 0;
      asked[i] = inside(network_of(number, is_v6), random >> 33, is_there);
      expected += is_there ? 1 : 0;
    }
    unsigned found = 0;
    const Clock::time_point start = Clock::now();
    for (const IpAddress& address : asked) found += set.contains(address) ? 1 : 0;
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    if (found != expected) throw std::runtime_error("a look-up gave a wrong result");
    best = std::min(best, took.count() / kBurst);
  }
  return best;
}

}  // namespace

int main() {
  return report_errors("address_table", [] {
    std::printf("%10s %10s %18s %10s %10s\n", "networks", "load, ms", "longest step, ms",
                "IPv4, ns", "IPv6, ns");
    for (const unsigned count : {10u, 1000u, 100'000u, 1'000'000u}) {
      const File file(count);
      LoadTime time;
      const auto set = load(file.path(), time);
      std::printf("%10u %10.1f %18.1f %10.0f %10.0f\n", count, time.ms, time.longest_step_ms,
                  look_up_ns(*set, count, false), look_up_ns(*set, count, true));
    }
  });
}
