// See name_refresh.h.
#include "master/name_refresh.h"

#include <algorithm>
#include <string>
#include <utility>

#include "conf/address.h"
#include "conf/diagnostic.h"
#include "master/published_addresses.h"

namespace master {
namespace {

using Addresses = std::vector<worker::net::SocketAddress>;
using worker::log::Severity;

constexpr std::uint64_t kBetweenMs = 1000;  // from the beginning of a look-up to the next one
constexpr std::size_t kTaken = ~std::size_t{0};
constexpr std::size_t kMostShown = 8;  // addresses in one part of a log line

// Milliseconds; 0: never.
std::uint64_t period_of(const Generation& generation, std::size_t backend) {
  const conf::Config& config = *generation.heritage.config;
  std::chrono::seconds period = config.backends[backend].resolve;
  if (generation.heritage.backends[backend].addresses.empty()) {
    const std::chrono::seconds alive = config.global.alive;
    period = period.count() == 0 ? alive : std::min(alive, period);
  }
  return static_cast<std::uint64_t>(period.count()) * 1000;
}

std::string title(const Generation& generation, std::size_t backend) {
  const conf::Backend& about = generation.heritage.config->backends[backend];
  return "backend " + about.name + " (" + conf::host_port(about.address, about.port) + ")";
}

// " 192.0.2.1 192.0.2.2", and how many more there are.
std::string shown(const Addresses& addresses) {
  std::string text;
  for (std::size_t i = 0; i < std::min(addresses.size(), kMostShown); ++i) {
    text += " " + worker::net::host_text(addresses[i]);
  }
  if (addresses.size() <= kMostShown) return text;
  return text + " and " + std::to_string(addresses.size() - kMostShown) + " more";
}

// Those of `some` that are not in `others`. Both are sorted.
Addresses without(const Addresses& some, const Addresses& others) {
  Addresses left;
  std::set_difference(some.begin(), some.end(), others.begin(), others.end(),
                      std::back_inserter(left));
  return left;
}

std::string describe(const Addresses& came, const Addresses& went) {
  std::string text = " resolves to other addresses now:";
  if (!came.empty()) text += shown(came) + (came.size() == 1 ? " is new" : " are new");
  if (!came.empty() && !went.empty()) text += ",";
  if (!went.empty()) text += shown(went) + (went.size() == 1 ? " is gone" : " are gone");
  return text;
}

}  // namespace

void NameRefresh::restart(const Generation& active, std::uint64_t now_ms) {
  lookup_.reset();
  entries_.clear();
  base_ms_ = now_ms;
  const worker::Heritage& heritage = active.heritage;
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const conf::Backend& backend = heritage.config->backends[i];
    if (worker::net::read_numeric({backend.address, backend.port, false})) continue;
    entries_.push_back({i, kNever, !heritage.backends[i].resolve_error.empty()});
    set_due(entries_.back(), active, now_ms);
  }
  set_next();
}

void NameRefresh::stop() {
  lookup_.reset();
  next_ms_ = kNever;
}

void NameRefresh::turn(Generation& active, std::uint64_t now_ms) {
  if (!lookup_) {
    if (now_ms < next_ms_) return;
    start(active, now_ms);
    if (!lookup_) return;
  }
  lookup_->read();
  lookup_->expire(now_ms);
  take_answers(active, now_ms);
  if (!lookup_->is_done()) return;
  lookup_.reset();
  set_next();
}

void NameRefresh::on_exit(pid_t pid) {
  if (lookup_) lookup_->on_exit(pid);
}

void NameRefresh::set_due(Entry& entry, const Generation& active, std::uint64_t now_ms) const {
  const std::uint64_t period = period_of(active, entry.backend);
  entry.due_ms = period == 0 ? kNever : now_ms + period - (now_ms - base_ms_) % period;
}

void NameRefresh::set_next() {
  next_ms_ = kNever;
  for (const Entry& entry : entries_) next_ms_ = std::min(next_ms_, entry.due_ms);
  if (next_ms_ != kNever) next_ms_ = std::max(next_ms_, earliest_ms_);
}

void NameRefresh::start(const Generation& active, std::uint64_t now_ms) {
  const worker::Heritage& heritage = active.heritage;
  std::vector<worker::net::Name> names;
  awaited_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].due_ms > now_ms) continue;
    const conf::Backend& backend = heritage.config->backends[entries_[i].backend];
    awaited_.push_back(i);
    names.push_back({backend.address, backend.port, false});
  }
  if (names.empty()) return set_next();
  earliest_ms_ = now_ms + kBetweenMs;
  lookup_.emplace(std::move(names), Identity{{}, heritage.uid, heritage.gid}, heritage.segment);
}

// Those that have come so far: a name without an answer does not keep the others waiting.
void NameRefresh::take_answers(Generation& active, std::uint64_t now_ms) {
  const std::vector<worker::net::Resolved>& answers = lookup_->answers();
  for (std::size_t i = 0; i < awaited_.size(); ++i) {
    if (awaited_[i] == kTaken) continue;
    if (answers[i].addresses.empty() && answers[i].error.empty()) continue;
    Entry& entry = entries_[std::exchange(awaited_[i], kTaken)];
    take_answer(active, entry, answers[i], now_ms);
    set_due(entry, active, now_ms);
  }
}

void NameRefresh::take_answer(Generation& active, Entry& entry, const worker::net::Resolved& answer,
                              std::uint64_t now_ms) {
  if (answer.addresses.empty()) return take_failure(active, entry, answer.error);
  const Backend& known = active.heritage.backends[entry.backend];
  if (std::exchange(entry.is_failing, false) && !known.addresses.empty()) {
    log_queue_.log(Severity::notice, title(active, entry.backend) + ": its name resolves again");
  }
  if (answer.addresses != known.addresses) {
    take_addresses(active, entry, answer.addresses, now_ms);
  } else {
    forget_old_addresses(known, *active.heritage.segment);
  }
}

void NameRefresh::take_failure(const Generation& active, Entry& entry, const std::string& error) {
  const bool is_known = std::exchange(entry.is_failing, true);
  if (is_known || active.heritage.backends[entry.backend].addresses.empty()) return;
  log_queue_.log(Severity::warning, title(active, entry.backend) +
                                        ": its name does not resolve any more: " +
                                        conf::shown(error) + "; it keeps the addresses it has");
}

void NameRefresh::take_addresses(Generation& active, const Entry& entry, const Addresses& found,
                                 std::uint64_t now_ms) {
  Backend& backend = active.heritage.backends[entry.backend];
  shm::Segment& segment = *active.heritage.segment;
  const Addresses former = std::exchange(backend.addresses, found);
  backend.resolve_error.clear();
  publish_addresses(backend, segment);
  if (former.empty()) {
    segment.backends().mark_live(backend.row, now_ms);
    log_queue_.log(Severity::notice,
                   title(active, entry.backend) + " resolves now and is live:" + shown(found));
    return;
  }
  const Addresses came = without(found, former);
  if (!came.empty()) segment.backends().expedite_probe(backend.row);
  log_queue_.log(Severity::notice,
                 title(active, entry.backend) + describe(came, without(former, found)));
}

}  // namespace master
