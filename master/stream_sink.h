// Records as lines on a descriptor that we do not own: standard output in the foreground.
//
// Lines are gathered and go out together, at the latest at `flush`. The descriptor may be a pipe
// that nobody reads: it is asked before every write, and no write is larger than a pipe that can
// take anything at all will take. It is shared with other programs, hence not made non-blocking.
#pragma once

#include "master/log_sink.h"

namespace master {

class StreamSink : public LogSink {
 public:
  explicit StreamSink(int fd) : fd_(fd) {}
  int fd() const override { return fd_; }
  void flush() override;

 protected:
  Sent send(int priority, pid_t pid, std::string_view text) override;

 private:
  enum class Progress { done, stuck, broken };
  Progress drain();

  int fd_;
  std::string held_;           // at most kHeld bytes and one line
  std::uint64_t records_ = 0;  // whole lines in it
};

}  // namespace master
