// See log_sink.h.
#include "master/log_sink.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace master {

void LogSink::tell_losses() {
  if (lost_ == 0) return;
  const char* what = lost_ == 1 ? " log record was lost" : " log records were lost";
  if (send(LOG_WARNING, ::getpid(), std::to_string(lost_) + what) == Sent::yes) lost_ = 0;
}

bool LogSink::write(int priority, pid_t pid, std::string_view text) {
  tell_losses();  // where it fails, it is told before a later record
  switch (send(priority, pid, text)) {
    case Sent::yes:
      return true;
    case Sent::later:
      return false;
    case Sent::no:
      lose();
  }
  return true;
}

void append_line_text(std::string& out, std::string_view text) {
  std::transform(text.begin(), text.end(), std::back_inserter(out), [](char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f ? ' ' : byte;
  });
}

}  // namespace master
