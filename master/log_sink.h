// Where log records leave the program: one line for each record. A sink never blocks the master.
//
// When a sink cannot take a record now, the caller offers it again later or gives it up with
// `lose`. Every record is either sent or counted as lost. The sink reports the number of lost
// records as soon as it can send lines again, without waiting for the next record.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace master {

inline constexpr std::uint64_t kTellLossesMs = 1000;  // at most one report in this time

class LogSink {
 public:
  LogSink() = default;
  virtual ~LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // `priority` is a syslog severity 0..7, `pid` that of the process which wrote the record. False
  // when the reader is slow or away: offer the record again later.
  bool write(int priority, pid_t pid, std::string_view text);
  void lose(std::uint64_t records = 1) { lost_ += records; }
  std::uint64_t lost() const { return lost_; }

  // Sends the lines that are held so far, and reports losses, but not more than once in
  // kTellLossesMs.
  void flush(std::uint64_t now_ms);
  // For the end of the program: the same, but reports losses at once.
  void flush_all();

  // Lines that were taken have not been sent yet.
  virtual bool holds() const { return false; }
  // Passes the lines that are held and the count of losses to `heir`.
  void hand_over(LogSink& heir);
  // The descriptor that becomes writable when the sink can take records again. -1: there is none,
  // try from time to time.
  virtual int fd() const { return -1; }

 protected:
  enum class Sent { yes, later, no };
  // `worth` is how many records count as lost if the line is lost after `yes`.
  virtual Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t worth) = 0;
  virtual void send_held() {}
  // Writes every line that is held to `heir`, in order. For sinks that a reload may replace.
  virtual void pass_held(LogSink& /*heir*/) {}

 private:
  void tell_losses();

  std::uint64_t lost_ = 0;
  std::optional<std::uint64_t> told_ms_;  // when losses were reported last
};

// Appends `text` so that it is one line and does nothing to a terminal. Tabs and
// ends of lines become spaces. Other control bytes, and bytes that are not printable UTF-8, become
// \xNN.
void append_line_text(std::string& out, std::string_view text);

}  // namespace master
