// The master's voice, and the way of the workers' records to the outside.
//
// Owns the sink. While the program starts, errors are also shown on standard error,
// which is still that of the command that was started.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string_view>

#include "master/log_sink.h"
#include "worker/log.h"

namespace master {

class Journal {
 public:
  Journal(std::unique_ptr<LogSink> sink, int detail) : sink_(std::move(sink)), detail_(detail) {}

  // An event of the master itself. A debug record is dropped unless -d asked for detail.
  void say(worker::Severity severity, std::string_view text);
  // A worker's record; false when it should be offered again later.
  bool pass_on(int priority, pid_t pid, std::string_view text);
  void lose(std::uint64_t records) { sink_->lose(records); }
  void flush() { sink_->flush(); }
  int sink_fd() const { return sink_->fd(); }

  void started() { starting_ = false; }

 private:
  void show(int priority, std::string_view text) const;

  std::unique_ptr<LogSink> sink_;
  int detail_;
  bool starting_ = true;
};

// "pound: text" on standard error.
void say_on_stderr(std::string_view text);

}  // namespace master
