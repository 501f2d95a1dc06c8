// Where log records leave the program. One record in, one line out; a sink never blocks the master.
//
// A record that a sink cannot take now is offered again by those who can wait (their ring keeps
// it), or given up by `lose`; how many were given up is told as soon as the sink takes lines again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace master {

class LogSink {
 public:
  LogSink() = default;
  virtual ~LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // `priority` is a syslog severity 0..7, `pid` the process that speaks. False when the reader at
  // the other end is slow and the record should be offered again later.
  bool write(int priority, pid_t pid, std::string_view text);
  void lose(std::uint64_t records = 1) { lost_ += records; }
  std::uint64_t lost() const { return lost_; }
  // Whose readiness for writing tells that a record may be offered again; -1 = nobody's.
  virtual int fd() const { return -1; }
  // Sends what was taken but is still held back to go out together.
  virtual void flush() {}

 protected:
  enum class Sent { yes, later, no };
  virtual Sent send(int priority, pid_t pid, std::string_view text) = 0;

 private:
  void tell_losses();

  std::uint64_t lost_ = 0;
};

// Appends `text` with every control byte as a space: a record stays one line whatever it holds.
void append_line_text(std::string& out, std::string_view text);

}  // namespace master
