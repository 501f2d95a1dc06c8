// See reload_waiters.h.
#include "master/control/reload_waiters.h"

#include <utility>

#include "master/log_sink.h"

namespace master::control {
namespace {

std::string lines_of(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) {
    append_line_text(text, message);
    text += '\n';
  }
  return text;
}

}  // namespace

void ReloadWaiters::add(Reply reply) {
  std::erase_if(asking_, [](const Reply& one) { return !one.is_awaited(); });
  asking_.push_back(std::move(reply));
}

void ReloadWaiters::on_begin() {
  for (Reply& reply : asking_) awaiting_.push_back(std::move(reply));
  asking_.clear();
}

void ReloadWaiters::on_end(bool ok, const std::vector<std::string>& messages) {
  const std::string text = (ok ? "" : "error: ") + lines_of(messages);
  for (const Reply& reply : std::exchange(awaiting_, {})) reply.answer(text);
}

void ReloadWaiters::give_up(const std::string& reason) {
  on_begin();
  on_end(false, {reason});
}

}  // namespace master::control
