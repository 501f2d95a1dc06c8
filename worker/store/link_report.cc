// See link_report.h.
#include "worker/store/link_report.h"

#include "worker/net/event.h"
#include "worker/route/hash_key.h"

namespace worker::store {

namespace {

// What makes it another store.
std::string text_of(const conf::SessionStore& store) {
  std::string text = store.sentinel + "\n" + std::to_string(store.port);
  for (const conf::SessionStore::Server& server : store.servers) text += "\n" + server.address;
  return text;
}

}  // namespace

LinkReport::LinkReport(const conf::SessionStore& config, shm::StoreState& state, shm::Row row,
                       log::Log& log)
    : state_(state), row_(row), log_(log), store_id_(route::fixed_hash(text_of(config))) {}

void LinkReport::begin() {
  link_ = shm::StoreLink::connecting;
  state_.set_link(row_, link_);
}

void LinkReport::set(shm::StoreLink link, const std::string& title, const std::string& line,
                     bool has_answered) {
  const std::uint64_t news = store_id_ << 8 | static_cast<std::uint64_t>(has_answered) << 7 |
                             static_cast<std::uint64_t>(link);
  if (news == news_) return;
  news_ = news;
  link_ = link;
  state_.set_link(row_, link);
  line_ = "session store " + title + " " + line;
  say();
}

void LinkReport::say() {
  if (line_.empty()) return;
  const bool is_ready = link_ == shm::StoreLink::ready;
  if (!is_ready && !trouble_.take(net::EventLoop::now_ms())) return;
  if (state_.tell(news_)) {
    log_.write(is_ready ? log::Severity::notice : log::Severity::warning, line_);
  }
  line_.clear();
}

}  // namespace worker::store
