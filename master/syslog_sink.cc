// See syslog_sink.h. The form is that of RFC 3164 as spoken on a local socket, without a host name:
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

void SyslogSink::put_header(int priority, pid_t pid) {
  const std::time_t now = std::time(nullptr);
  if (now != stamp_time_) {
    std::tm local{};
    ::localtime_r(&now, &local);
    stamp_[std::strftime(stamp_, sizeof stamp_, "%b %e %H:%M:%S ", &local)] = '\0';
    stamp_time_ = now;
  }
  line_ = "<" + std::to_string(facility_ | priority) + ">";
  line_ += stamp_;
  line_ += "pound[" + std::to_string(pid) + "]: ";
}

LogSink::Sent SyslogSink::send(int priority, pid_t pid, std::string_view text, std::uint64_t) {
  if (!socket_ && !connect()) return Sent::later;
  put_header(priority, pid);
  append_line_text(line_, text);
  for (;;) {
    if (::send(socket_.get(), line_.data(), line_.size(), MSG_NOSIGNAL) >= 0) return Sent::yes;
    if (errno == EAGAIN || errno == ENOBUFS) return Sent::later;
    if (errno == EMSGSIZE) return Sent::no;
    // The daemon is gone; perhaps another one listens under its name already.
    socket_.reset();
    if (!connect()) return Sent::later;
  }
}

}  // namespace master
