// Records to the syslog daemon of this machine, through its datagram socket.
//
// Owns the connection and makes it anew when the daemon was restarted (every kReconnectMs at most);
// while there is none, records wait. syslog(3) is not used: it blocks on a full socket, and it is
// one for the whole process.
#pragma once

#include <sys/un.h>

#include <cstdint>
#include <ctime>
#include <optional>

#include "master/log_sink.h"
#include "worker/unique_fd.h"

namespace master {

inline constexpr std::uint64_t kReconnectMs = 200;

class SyslogSink : public LogSink {
 public:
  // `facility` as in <syslog.h>, shifted. Opens nothing yet. Throws StartError for a path that
  // does not fit into a socket's name.
  SyslogSink(const std::string& path, int facility);
  int fd() const override { return socket_.get(); }

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t worth) override;

 private:
  bool connect();
  bool may_connect();
  void put_header(int priority, pid_t pid);

  sockaddr_un name_{};
  int facility_;
  worker::UniqueFd socket_;
  std::optional<std::uint64_t> last_attempt_ms_;
  std::string line_;             // reused
  std::time_t stamp_time_ = -1;  // the second that `stamp_` shows
  char stamp_[20] = "";          // "Nov 21 06:40:00 "
};

}  // namespace master
