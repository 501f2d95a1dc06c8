// The verdict of all workers on backends and on their addresses: see health.h.
#include "worker/backend/health.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>

#include "worker/backend/connect_error.h"

namespace worker::backend {

namespace {

// FNV-1a. A collision of two addresses of one backend would cost no more than a worse order.
shm::AddressKey key_of(const net::SocketAddress& address) {
  const std::string_view bytes(reinterpret_cast<const char*>(&address.storage), address.size);
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  }
  return hash | 1;
}

bool has_one_address(const Backend& backend) { return backend.addresses().size() == 1; }

}  // namespace

AddressOrder::AddressOrder(const Backend& backend, const shm::BackendTable& table)
    : list_(&backend.addresses()), count_(list_->size()) {
  if (count_ < 2) return;
  order_.resize(count_);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_partition(order_.begin(), order_.end(), [&](std::size_t i) {
    return !table.is_silent(backend.heritage.row, key_of((*list_)[i]));
  });
}

const net::SocketAddress& AddressOrder::next() {
  ++next_;
  return current();
}

void Health::address_answers(const Backend& backend, const net::SocketAddress& address) {
  if (has_one_address(backend)) return;
  if (!table_.mark_answering(backend.heritage.row, key_of(address))) return;
  log_.write(log::Severity::notice,
             "backend " + backend.title() + " answers again at " + net::host_port_text(address));
}

void Health::address_is_silent(const Backend& backend, const net::SocketAddress& address,
                               int error) {
  if (has_one_address(backend) || is_local_failure(error)) return;
  const std::uint64_t now = net::EventLoop::now_ms();
  if (!table_.mark_silent(backend.heritage.row, key_of(address), now)) return;
  log_.write(log::Severity::warning,
             "backend " + backend.title() + " does not answer at " + net::host_port_text(address) +
                 ": " + std::strerror(error) + "; its other addresses are tried first");
}

bool Health::claim_address_probe(const Backend& backend, const net::SocketAddress& address,
                                 std::uint64_t now_ms, std::uint64_t period_ms) {
  return table_.claim_address_probe(backend.heritage.row, key_of(address), now_ms, period_ms);
}

void Health::backend_is_dead(const Backend& backend, int error) {
  const std::uint64_t now = net::EventLoop::now_ms();
  if (!table_.mark_dead(backend.heritage.row, dead_reason(error), now)) return;
  log_.write(log::Severity::warning,
             "backend " + backend.title() + " is dead: " + std::strerror(error));
}

void Health::tls_failed(const Backend& backend, std::string_view reason, std::string_view why) {
  if (!backend.tls_line.take(net::EventLoop::now_ms())) return;
  log_.write(log::Severity::warning, "backend " + backend.title() + ": TLS failed (" +
                                         std::string(reason) + "): " + std::string(why));
}

void Health::backend_is_live(const Backend& backend) {
  const std::uint64_t now = net::EventLoop::now_ms();
  const std::uint64_t since = table_.liveness(backend.heritage.row).since_ms;
  if (!table_.mark_live(backend.heritage.row, now)) return;
  log_.write(log::Severity::notice, "backend " + backend.title() + " is live again after " +
                                        std::to_string((now - std::min(since, now)) / 1000) + " s");
}

}  // namespace worker::backend
