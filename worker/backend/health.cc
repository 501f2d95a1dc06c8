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
  shm::add_to(table_.cells(backend.heritage.row, row_).deaths, 1);
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

void Health::checked(const Backend& backend, shm::CheckOutcome outcome, std::string_view why) {
  const std::uint64_t now = net::EventLoop::now_ms();
  const std::uint32_t row = backend.heritage.row;
  const shm::Liveness liveness = table_.liveness(row);
  const shm::CheckState state = table_.checks().note(row, outcome, liveness.since_ms, now);
  shm::BackendCells& cells = table_.cells(row, row_);
  shm::add_to(state.passes() ? cells.checks_passed : cells.checks_failed, 1);
  if (state.passes()) {
    if (!liveness.live && state.in_a_row >= backend.config.check->rise) backend_is_live(backend);
    return;
  }
  if (!liveness.live || state.in_a_row < backend.config.check->fall) return;
  if (!table_.mark_dead(row, shm::DeadReason::check, now)) return;
  shm::add_to(cells.deaths, 1);
  log_.write(log::Severity::warning, "backend " + backend.title() +
                                         " is dead: check: " + shm::check_text(outcome) +
                                         (why.empty() ? "" : ": ") + std::string(why));
}

unsigned Health::share_now(const Backend& backend) const {
  const std::uint64_t now = net::EventLoop::now_ms();
  const shm::Fitness fitness = table_.fitness(backend.heritage.row, now);
  if (fitness.standing != shm::Standing::ejected) return fitness.share;
  return backend.config.eject && has_others(backend, now) ? 0 : kFullShare;
}

// Whether each service that has the backend has another one in use in the same list.
bool Health::has_others(const Backend& backend, std::uint64_t now_ms) const {
  if (all_ == nullptr) return true;
  return std::ranges::all_of(backend.lists, [&](const std::vector<std::size_t>* list) {
    return std::ranges::any_of(*list, [&](std::size_t index) {
      const Backend& other = (*all_)[index];
      return &other != &backend && takes_new_clients(other) &&
             table_.fitness(other.heritage.row, now_ms).share != 0;
    });
  });
}

void Health::count_error(const Backend& backend, int status) {
  count_error(backend, "HTTP " + std::to_string(status));
}

void Health::count_error(const Backend& backend, std::string_view what) {
  const std::uint64_t now = net::EventLoop::now_ms();
  const std::uint32_t row = backend.heritage.row;
  const conf::Eject& eject = *backend.config.eject;
  const auto in_ms = static_cast<std::uint64_t>(eject.in.count()) * 1000;
  if (!table_.ejections().note_error(row, eject.errors, in_ms, now)) return;
  const std::string errors = std::to_string(eject.errors) + " errors in " +
                             std::to_string(eject.in.count()) +
                             " s, the last one: " + std::string(what);
  if (!has_others(backend, now)) {
    if (!backend.last_line.take(now)) return;
    log_.write(log::Severity::warning, "backend " + backend.title() + " stays in use despite " +
                                           errors + "; a service has no other live backend");
    return;
  }
  const auto for_ms = static_cast<std::uint64_t>(eject.lasting.count()) * 1000;
  if (!table_.ejections().eject(row, for_ms, now)) return;
  shm::add_to(table_.cells(row, row_).ejections, 1);
  log_.write(log::Severity::warning, "backend " + backend.title() + " is ejected for " +
                                         std::to_string(eject.lasting.count()) + " s: " + errors);
}

}  // namespace worker::backend
