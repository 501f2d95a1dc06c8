// Writes records as lines to a descriptor that it does not own: standard output in the foreground.
//
// Gathers lines and writes them together, at the latest at `flush`. Never waits for a reader, and
// never makes the descriptor itself non-blocking, since other programs share it. Instead it opens a
// pipe again with a mode of its own, uses MSG_DONTWAIT on a socket, and polls any other descriptor
// before each write.
#pragma once

#include <deque>

#include "master/log_sink.h"
#include "worker/net/unique_fd.h"

namespace master {

class StreamSink : public LogSink {
 public:
  explicit StreamSink(int fd);
  bool holds() const override { return !held_.empty(); }
  int fd() const override { return is_broken_ ? -1 : fd_; }

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t worth) override;
  void send_held() override;

 private:
  struct Line {
    std::uint64_t end;  // where it ends: bytes since the first line of this sink
    std::uint64_t worth;
  };
  enum class Progress { done, stuck, broken };
  Progress drain();
  ssize_t write_some(const char* bytes, std::size_t size) const;
  void advance(std::size_t bytes);
  void give_up();

  int fd_;
  worker::net::UniqueFd own_;  // the same pipe, non-blocking
  bool is_socket_ = false;
  bool is_broken_ = false;   // the last write failed
  std::string held_;         // at most kHeld bytes and one line
  std::deque<Line> lines_;   // those in `held_`; a part of the first may be sent already
  std::uint64_t sent_ = 0;   // bytes
  std::uint64_t whole_ = 0;  // the part of `sent_` up to its last end of line
};

}  // namespace master
