// See stream_sink.h.
#include "master/stream_sink.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace master {
namespace {

constexpr std::size_t kHeld = PIPE_BUF;

bool takes_bytes(int fd) {
  pollfd wish{fd, POLLOUT, 0};
  return ::poll(&wish, 1, 0) == 1;  // an error, too, is for write(2) to tell
}

}  // namespace

StreamSink::Progress StreamSink::drain() {
  std::size_t sent = 0;
  Progress progress = Progress::done;
  while (sent < held_.size() && progress == Progress::done) {
    if (!takes_bytes(fd_)) {
      progress = Progress::stuck;
      break;
    }
    const std::size_t size = std::min<std::size_t>(held_.size() - sent, PIPE_BUF);
    const ssize_t wrote = ::write(fd_, held_.data() + sent, size);
    if (wrote >= 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      progress = Progress::stuck;
    } else if (errno != EINTR) {
      progress = Progress::broken;
    }
  }
  held_.erase(0, sent);
  return progress;
}

void StreamSink::flush() {
  const Progress progress = drain();
  if (progress == Progress::stuck) return;  // held until the reader has time
  if (progress == Progress::broken) lose(records_);
  held_.clear();
  records_ = 0;
}

LogSink::Sent StreamSink::send(int, pid_t pid, std::string_view text) {
  if (held_.size() >= kHeld) flush();
  if (held_.size() >= kHeld) return Sent::later;
  held_ += "pound[" + std::to_string(pid) + "]: ";
  append_line_text(held_, text);
  held_ += '\n';
  ++records_;
  return Sent::yes;
}

}  // namespace master
