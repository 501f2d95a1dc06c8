// The verdict of all workers on backends and on their addresses: see health.h.
#include "worker/backend/health.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "worker/backend/connect_error.h"

namespace worker::backend {

namespace {

bool has_one_address(const Backend& backend) { return backend.addresses().size() == 1; }

}  // namespace

AddressOrder Health::addresses(Backend& backend) const {
  backend.refresh_addresses();
  const AddressListPtr& list = backend.address_list();
  if (list->all.size() < 2) return {list, 0, 0};
  return {list, table_.silent_among(backend.heritage.row, list->keys), backend.next_turn()};
}

bool Health::has_silent_address(const Backend& backend) const {
  const AddressList& list = *backend.address_list();
  return list.all.size() > 1 && table_.silent_among(backend.heritage.row, list.keys) != 0;
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
