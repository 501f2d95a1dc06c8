// See stream_sink.h.
#include "master/stream_sink.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace master {
namespace {

constexpr std::size_t kHeld = PIPE_BUF;
constexpr std::size_t kLineExtra = 64;  // room for the text around a record

bool takes_bytes(int fd) {
  pollfd wish{fd, POLLOUT, 0};
  return ::poll(&wish, 1, 0) == 1;  // also after an error, which write(2) then reports
}

// Opens the pipe behind `fd` again: a file description whose mode no other program shares. Fails
// without /proc, and on another user's pipe. The sink then polls before each write.
int open_own(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

}  // namespace

StreamSink::StreamSink(int fd) : fd_(fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return;
  is_socket_ = S_ISSOCK(about.st_mode);
  if (S_ISFIFO(about.st_mode)) own_.reset(open_own(fd));
}

// `size` is at most PIPE_BUF: after a mere poll(2), writing more could block.
ssize_t StreamSink::write_some(const char* bytes, std::size_t size) const {
  if (is_socket_) return ::send(fd_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (own_) return ::write(own_.get(), bytes, size);
  if (takes_bytes(fd_)) return ::write(fd_, bytes, size);
  errno = EAGAIN;
  return -1;
}

void StreamSink::advance(std::size_t bytes) {
  sent_ += bytes;
  while (!lines_.empty() && lines_.front().end <= sent_) {
    whole_ = lines_.front().end;
    lines_.pop_front();
  }
}

StreamSink::Progress StreamSink::drain() {
  std::size_t sent = 0;
  Progress progress = Progress::done;
  while (sent < held_.size() && progress == Progress::done) {
    const std::size_t size = std::min<std::size_t>(held_.size() - sent, PIPE_BUF);
    const ssize_t wrote = write_some(held_.data() + sent, size);
    if (wrote >= 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      progress = Progress::stuck;
    } else if (errno != EINTR) {
      progress = Progress::broken;
    }
  }
  held_.erase(0, sent);
  advance(sent);
  return progress;
}

void StreamSink::give_up() {
  for (const Line& line : lines_) lose(line.worth);
  held_.clear();
  lines_.clear();
}

void StreamSink::send_held() {
  if (held_.empty()) return;
  const Progress progress = drain();
  is_broken_ = progress == Progress::broken;
  if (is_broken_) give_up();
}

LogSink::Sent StreamSink::send(int, pid_t pid, std::string_view text, std::uint64_t worth) {
  if (held_.size() >= kHeld) send_held();
  if (held_.size() >= kHeld) return Sent::later;
  // Memory can run out only here and in the next line, where `held_` is still whole.
  held_.reserve(held_.size() + text.size() + kLineExtra);
  Line& line = lines_.emplace_back();
  // The last write may have failed within a line (a full disk). This line starts on a new one.
  if (held_.empty() && sent_ != whole_) held_ += '\n';
  held_ += "pound[" + std::to_string(pid) + "]: ";
  append_line_text(held_, text);
  held_ += '\n';
  line = {sent_ + held_.size(), worth};
  return Sent::yes;
}

}  // namespace master
