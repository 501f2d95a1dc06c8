// Sends records to the syslog daemon of this machine, through its datagram socket.
//
// Owns the connection and makes a new one after a restart of the daemon, trying every kReconnectMs
// at most. Takes no records while there is none. Gathers lines and sends them with one system call,
// at the latest at `flush`. Does not use syslog(3), which blocks on a full socket and exists once
// for the whole process.
#pragma once

#include <sys/un.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "master/log_sink.h"
#include "worker/net/unique_fd.h"

namespace master {

inline constexpr std::uint64_t kReconnectMs = 200;
inline constexpr std::size_t kMostHeldLines = 32;

class SyslogSink : public LogSink {
 public:
  // `facility` is a LOG_... of <syslog.h>. Opens nothing yet. Throws StartError for a path that is
  // too long for the name of a socket.
  SyslogSink(const std::string& path, int facility);
  bool holds() const override { return held_ != 0; }
  int fd() const override { return socket_.get(); }

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t worth) override;
  void send_held() override;
  void pass_held(LogSink& heir) override;

 private:
  // The start of a datagram. Many lines in a row have the same one.
  struct Head {
    std::time_t second = -1;
    int priority = 0;
    pid_t pid = 0;
    std::string text;
  };
  struct Line {
    std::string bytes;     // the whole datagram; the memory is reused
    std::size_t text = 0;  // where the text begins in `bytes`
    int priority = 0;
    pid_t pid = 0;
    std::uint64_t worth = 0;
  };

  bool connect();
  bool may_connect();
  const std::string& head(int priority, pid_t pid);
  Line& line(std::size_t i) { return lines_[(first_ + i) % kMostHeldLines]; }
  std::size_t send_some();
  void forget(std::size_t lines);

  sockaddr_un name_{};
  int facility_;
  worker::net::UniqueFd socket_;
  std::optional<std::uint64_t> last_attempt_ms_;
  Head head_;
  std::array<Line, kMostHeldLines> lines_;  // a ring
  std::size_t first_ = 0;
  std::size_t held_ = 0;
};

}  // namespace master
