// Counters of listeners: see listener_counters.h. No system call, no lock.
#include "shm/listener_counters.h"

#include <numeric>

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

template <std::size_t kSize>
void add_all(std::array<std::uint64_t, kSize>& sums,
             const std::atomic<std::uint64_t> (&cells)[kSize]) {
  for (std::size_t i = 0; i < kSize; ++i) sums[i] += cells[i].load(kRelaxed);
}

template <std::size_t kSize>
std::uint64_t total(const std::array<std::uint64_t, kSize>& sums) {
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

}  // namespace

void ListenerCells::clear() {
  responses.clear();
  for (std::atomic<std::uint64_t>& cell : requests) cell.store(0, kRelaxed);
  for (std::atomic<std::uint64_t>& cell : tls_handshakes) cell.store(0, kRelaxed);
  for (std::atomic<std::uint64_t>& cell : own_reasons) cell.store(0, kRelaxed);
  for (std::atomic<std::uint64_t>* cell : {&bytes.in, &bytes.out, &connections, &tls_resumptions}) {
    cell->store(0, kRelaxed);
  }
}

void ListenerCounters::add(const ListenerCells& cells) {
  responses.add(cells.responses);
  add_all(requests, cells.requests);
  add_all(tls_handshakes, cells.tls_handshakes);
  add_all(own_reasons, cells.own_reasons);
  bytes_in += cells.bytes.in.load(kRelaxed);
  bytes_out += cells.bytes.out.load(kRelaxed);
  connections += cells.connections.load(kRelaxed);
  tls_resumptions += cells.tls_resumptions.load(kRelaxed);
}

std::uint64_t ListenerCounters::all_requests() const { return total(requests); }

std::uint64_t ListenerCounters::all_handshakes() const { return total(tls_handshakes); }

}  // namespace shm
