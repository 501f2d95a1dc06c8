// See syslog_sink.h. The format is RFC 3164 as used on a local socket, without a host name:
// "<PRI>Mon dd hh:mm:ss pound[pid]: text".
#include "master/syslog_sink.h"

#include <sys/socket.h>

#include <cerrno>
#include <filesystem>

#include "master/clock.h"
#include "master/start_error.h"

namespace master {
SyslogSink::SyslogSink(const std::string& path, int facility) : facility_(facility) {
  const std::string absolute = std::filesystem::absolute(path);
  if (absolute.size() >= sizeof name_.sun_path) {
    throw StartError("LogSocket " + path + ": the path is too long for a socket");
  }
  name_.sun_family = AF_UNIX;
  absolute.copy(name_.sun_path, absolute.size());
}

bool SyslogSink::may_connect() {
  const std::uint64_t now = now_ms();
  if (last_attempt_ms_ && now - *last_attempt_ms_ < kReconnectMs) return false;
  last_attempt_ms_ = now;
  return true;
}

bool SyslogSink::connect() {
  if (!may_connect()) return false;
  socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return false;
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&name_), sizeof name_) == 0) {
    return true;
  }
  socket_.reset();
  return false;
}

const std::string& SyslogSink::head(int priority, pid_t pid) {
  const std::time_t now = std::time(nullptr);
  if (now == head_.second && priority == head_.priority && pid == head_.pid) return head_.text;
  std::tm local{};
  ::localtime_r(&now, &local);
  char stamp[20];  // "Nov 21 06:40:00 "
  stamp[std::strftime(stamp, sizeof stamp, "%b %e %H:%M:%S ", &local)] = '\0';
  head_.text = "<" + std::to_string(facility_ | priority) + ">" + stamp + "pound[" +
               std::to_string(pid) + "]: ";
  head_.second = now;
  head_.priority = priority;
  head_.pid = pid;
  return head_.text;
}

LogSink::Sent SyslogSink::send(int priority, pid_t pid, std::string_view text,
                               std::uint64_t worth) {
  if (held_ == kMostHeldLines) send_held();
  if (held_ == kMostHeldLines || (!socket_ && !connect())) return Sent::later;
  Line& last = line(held_);
  last.bytes = head(priority, pid);
  last.text = last.bytes.size();
  append_line_text(last.bytes, text);
  last.priority = priority;
  last.pid = pid;
  last.worth = worth;
  ++held_;
  return Sent::yes;
}

// Returns how many lines were sent. If that is 0, errno has the reason.
std::size_t SyslogSink::send_some() {
  std::array<mmsghdr, kMostHeldLines> messages;
  std::array<iovec, kMostHeldLines> parts;
  for (std::size_t i = 0; i < held_; ++i) {
    parts[i] = {line(i).bytes.data(), line(i).bytes.size()};
    messages[i] = {};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int sent =
      ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(held_), MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void SyslogSink::forget(std::size_t lines) {
  first_ = (first_ + lines) % kMostHeldLines;
  held_ -= lines;
}

void SyslogSink::send_held() {
  while (held_ != 0 && (socket_ || connect())) {
    const std::size_t sent = send_some();
    forget(sent);
    // If only a part was sent the socket is full. If not, the next flush comes soon.
    if (sent != 0) return;
    if (errno == EAGAIN || errno == ENOBUFS) return;
    if (errno == EMSGSIZE) {
      lose(line(0).worth);
      forget(1);
    } else {
      // The daemon is gone. Perhaps another one has bound the same name already.
      socket_.reset();
    }
  }
}

void SyslogSink::pass_held(LogSink& heir) {
  for (; held_ != 0; forget(1)) {
    const Line& first = line(0);
    const std::string_view text = std::string_view(first.bytes).substr(first.text);
    if (!heir.write(first.priority, first.pid, text)) heir.lose(first.worth);
  }
}

}  // namespace master
