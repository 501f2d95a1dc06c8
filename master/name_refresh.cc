// See name_refresh.h.
#include "master/name_refresh.h"

#include <cstring>
#include <string>
#include <utility>

#include "conf/address.h"

namespace master {
namespace {

std::uint64_t period_ms(const Generation& generation) {
  return static_cast<std::uint64_t>(generation.heritage.config->global.alive.count()) * 1000;
}

void publish(const Generation& generation, const worker::backend::BackendHeritage& backend) {
  std::vector<shm::Address> addresses;
  for (const worker::net::SocketAddress& one : backend.addresses) {
    shm::Address address;
    if (one.size > address.bytes.size()) continue;
    address.size = one.size;
    std::memcpy(address.bytes.data(), &one.storage, one.size);
    addresses.push_back(address);
  }
  generation.heritage.segment->backend_addresses().publish(backend.row, addresses);
}

}  // namespace

void NameRefresh::restart(const Generation& active, std::uint64_t now_ms) {
  lookup_.reset();
  next_ms_ = now_ms + period_ms(active);
}

void NameRefresh::stop() {
  lookup_.reset();
  next_ms_ = kNever;
}

void NameRefresh::turn(Generation& active, std::uint64_t now_ms) {
  if (!lookup_) {
    start(active);
    if (!lookup_) return;
  }
  lookup_->read();
  lookup_->expire(now_ms);
  if (!lookup_->is_done()) return;
  next_ms_ = now_ms + period_ms(active);
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    take_answer(active, backends_[i], lookup_->answers()[i], now_ms);
  }
  lookup_.reset();
}

void NameRefresh::on_exit(pid_t pid) {
  if (lookup_) lookup_->on_exit(pid);
}

void NameRefresh::start(const Generation& active) {
  const worker::Heritage& heritage = active.heritage;
  std::vector<worker::net::Name> names;
  backends_.clear();
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    if (!heritage.backends[i].addresses.empty()) continue;
    const conf::Backend& backend = heritage.config->backends[i];
    backends_.push_back(i);
    names.push_back({backend.address, backend.port, false});
  }
  next_ms_ = kNever;
  if (names.empty()) return;
  lookup_.emplace(std::move(names), Identity{{}, heritage.uid, heritage.gid}, heritage.segment);
}

void NameRefresh::take_answer(Generation& active, std::size_t backend,
                              const worker::net::Resolved& answer, std::uint64_t now_ms) {
  worker::backend::BackendHeritage& inherited = active.heritage.backends[backend];
  if (answer.addresses.empty()) return;
  inherited.addresses = answer.addresses;
  publish(active, inherited);
  active.heritage.segment->backends().mark_live(inherited.row, now_ms);
  const conf::Backend& about = active.heritage.config->backends[backend];
  std::string text = "backend " + about.name + " (" + conf::host_port(about.address, about.port) +
                     ") resolves now and is live:";
  for (const worker::net::SocketAddress& one : inherited.addresses) {
    text += " " + worker::net::host_text(one);
  }
  log_queue_.log(worker::log::Severity::notice, text);
}

}  // namespace master
