// See journal.h.
#include "master/journal.h"

#include <unistd.h>

#include <string>

namespace master {

void say_on_stderr(std::string_view text) {
  std::string line = "pound: ";
  line += text;
  line += '\n';
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody is left to be told
}

void Journal::show(int priority, std::string_view text) const {
  if (starting_ && priority <= static_cast<int>(worker::Severity::error)) say_on_stderr(text);
}

void Journal::say(worker::Severity severity, std::string_view text) {
  if (severity == worker::Severity::debug && detail_ == 0) return;
  const int priority = static_cast<int>(severity);
  show(priority, text);
  if (!sink_->write(priority, ::getpid(), text)) sink_->lose();
}

bool Journal::pass_on(int priority, pid_t pid, std::string_view text) {
  if (!sink_->write(priority, pid, text)) return false;
  show(priority, text);
  return true;
}

}  // namespace master
