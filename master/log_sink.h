// Where log records leave the program. One record in, one line out; a sink never blocks the master.
//
// A record that a sink cannot take now is offered again by its owner, or given up by `lose`. Every
// record is either sent or counted as lost, and how many were lost is told as soon as the sink
// takes lines again: it does not take another record for that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace master {

inline constexpr std::uint64_t kTellLossesMs = 1000;  // at most once in this time

class LogSink {
 public:
  LogSink() = default;
  virtual ~LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // `priority` is a syslog severity 0..7, `pid` the process that speaks. False when the reader at
  // the other end is slow or away, and the record should be offered again later.
  bool write(int priority, pid_t pid, std::string_view text);
  void lose(std::uint64_t records = 1) { lost_ += records; }
  std::uint64_t lost() const { return lost_; }

  // Tells what was lost, unless it has just done so, and sends what was taken but is still held
  // back to go out together.
  void flush(std::uint64_t now_ms);
  // The same at the end of the program: nothing is put off.
  void flush_all();

  // Something that was taken has not gone out yet.
  virtual bool holds() const { return false; }
  // Everything that is still owed to the reader, lines and losses, is the other's from now on.
  void hand_over(LogSink& heir);
  // Whose readiness for writing tells that a record may be offered again; -1 = nobody's: try now
  // and then.
  virtual int fd() const { return -1; }

 protected:
  enum class Sent { yes, later, no };
  // `worth` is how many records are lost if this line is, should that show only after `yes`.
  virtual Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t worth) = 0;
  virtual void send_held() {}
  // For a sink that is ever replaced: every line that it holds, in order.
  virtual void pass_held(LogSink& /*heir*/) {}

 private:
  void tell_losses();

  std::uint64_t lost_ = 0;
  std::optional<std::uint64_t> told_ms_;
};

// Appends `text` with every control byte as a space: a record stays one line whatever it holds.
void append_line_text(std::string& out, std::string_view text);

}  // namespace master
