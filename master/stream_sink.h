// Records as lines on a descriptor that we do not own: standard output in the foreground.
//
// Lines are gathered and go out together, at the latest at `flush`. The descriptor may be a pipe
// that nobody reads, and is shared with other programs, hence not made non-blocking: a pipe is
// opened anew for ourselves, a socket is sent to, and what else it may be is asked before every
// write.
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
    std::uint64_t end;  // counted in bytes from the first one ever held
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
  std::deque<Line> lines_;   // in it; of the first one a part may be out already
  std::uint64_t sent_ = 0;   // bytes
  std::uint64_t whole_ = 0;  // of them, up to the end of a line
};

}  // namespace master
