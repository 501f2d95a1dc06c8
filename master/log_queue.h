// The master's voice, and the way of the workers' records to the outside.
//
// Owns the sink, and what waits for it: the master's own events, the last words of dead workers and
// the one record that a sink refused, in their order and within a bound. Nothing here blocks or
// throws. While the program starts, errors are also shown on standard error, which is still that of
// the command that was started.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "master/log_sink.h"
#include "worker/log/log.h"

namespace master {

inline constexpr std::size_t kMostWaiting = 4 * 1024 * 1024;  // bytes; a status of 1000 backends
                                                              // is a small part of it

class LogQueue {
 public:
  LogQueue(std::unique_ptr<LogSink> sink, int detail) : sink_(std::move(sink)), detail_(detail) {}

  // An event of the master itself. A debug record is dropped unless -d asked for detail.
  void log(worker::log::Severity severity, std::string_view text) noexcept;
  // A worker's record.
  void forward(int priority, pid_t pid, std::string_view text) noexcept;
  // Records that got lost on their way to us.
  void lose(std::uint64_t records) { sink_->lose(records); }
  // Another way out, after a reload; what the old one still owes the reader goes to the new one.
  void replace_sink(std::unique_ptr<LogSink> sink);

  // False: who can wait, as the rings can, should not pass on more.
  bool is_clear() const { return waiting_.empty(); }
  // Sends what waits and tells what was lost, as far as the reader takes it.
  void flush() noexcept;
  // The last flush has left something behind: it wants to be called again, at the latest when
  // `writable_fd` (-1 = nothing that tells) is writable.
  bool is_behind() const { return is_stuck() || sink_->lost() != 0; }
  int writable_fd() const { return is_stuck() ? sink_->fd() : -1; }
  // The same for lines alone: the reader is slow or away, and trying again at once is in vain.
  bool is_stuck() const { return !is_clear() || sink_->holds(); }

  void end_startup() { starting_ = false; }
  // The end of the program: a reader who is there is given half a second for what is left.
  void finish() noexcept;

 private:
  struct Record {
    int priority;
    pid_t pid;
    std::string text;
  };

  void take(int priority, pid_t pid, std::string_view text) noexcept;
  void send_waiting();

  std::unique_ptr<LogSink> sink_;
  int detail_;
  bool starting_ = true;
  std::deque<Record> waiting_;
  std::size_t waiting_bytes_ = 0;
};

// "pound: text" on standard error; a reader who does not read is waited for no longer than a
// second.
void write_stderr(std::string_view text);

}  // namespace master
