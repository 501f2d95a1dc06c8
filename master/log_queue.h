// The master's own log events, and the way of the workers' records out of the program.
//
// Owns the sink and the records that wait for it, in their order: the master's events, the last
// records of dead workers and the one record that the sink refused. At most kMostWaiting bytes
// wait, with what an entry costs beside its text; beyond that records are counted as lost. Nothing
// here blocks or throws. While the program starts, errors also go to standard error, which is still
// that of the command.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "master/log_sink.h"
#include "worker/log/log.h"

namespace master {

// Bytes. A status report on 1000 backends takes a small part of this.
inline constexpr std::size_t kMostWaiting = 4 * 1024 * 1024;

class LogQueue {
 public:
  LogQueue(std::unique_ptr<LogSink> sink, int detail) : sink_(std::move(sink)), detail_(detail) {}

  // An event of the master itself. Debug events are dropped unless -d asks for detail.
  void log(worker::log::Severity severity, std::string_view text) noexcept;
  void set_detail(int detail) { detail_ = detail; }
  // A worker's record.
  void forward(int priority, pid_t pid, std::string_view text) noexcept;
  // Counts records that were lost before they came here.
  void lose(std::uint64_t records);
  // Records that were lost because the log is slow, since the start.
  std::uint64_t losses() const { return losses_; }
  // Sends to another sink from now on. Lines and losses that the old one still holds move there.
  void replace_sink(std::unique_ptr<LogSink> sink);

  // Nothing waits. While this is false, a caller that can keep its records should keep them.
  bool is_clear() const { return waiting_.empty(); }
  // Records came after the last flush.
  bool has_unflushed() const { return has_unflushed_; }
  // Sends the records that wait and reports losses, as far as the reader takes them.
  void flush() noexcept;
  // The last flush could not send everything. Call it again when `writable_fd` is writable, and
  // from time to time if that is -1.
  bool is_behind() const { return is_stuck() || sink_->lost() != 0; }
  int writable_fd() const { return is_stuck() ? sink_->fd() : -1; }
  // Lines are left, because the reader is slow or away: another attempt at once would fail, too.
  bool is_stuck() const { return !is_clear() || sink_->holds(); }

  // From now on errors no longer go to standard error.
  void end_startup() { starting_ = false; }
  // For the end of the program: waits up to half a second for the reader to take the rest.
  void finish() noexcept;

 private:
  struct Record {
    int priority;
    pid_t pid;
    std::string text;
    std::size_t cost() const;  // bytes of memory
  };

  void take(int priority, pid_t pid, std::string_view text) noexcept;
  void send_waiting();

  std::unique_ptr<LogSink> sink_;
  int detail_;
  bool starting_ = true;
  bool has_unflushed_ = false;
  std::uint64_t losses_ = 0;
  std::deque<Record> waiting_;
  std::size_t waiting_bytes_ = 0;
};

// Writes "pound: text" to standard error. Waits at most a second for its reader.
void write_stderr(std::string_view text);

}  // namespace master
