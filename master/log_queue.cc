// See log_queue.h.
#include "master/log_queue.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "master/clock.h"

namespace master {
namespace {

constexpr std::uint64_t kLastWordsMs = 500;
constexpr int kStderrMs = 1000;

bool is_writable(int fd, int timeout_ms) {
  pollfd wish{fd, POLLOUT, 0};
  return ::poll(&wish, 1, timeout_ms) == 1;
}

}  // namespace

void write_stderr(std::string_view text) {
  std::string line = "pound: ";
  line += text;
  line += '\n';
  for (std::string_view rest = line; !rest.empty();) {
    if (!is_writable(STDERR_FILENO, kStderrMs)) return;
    const ssize_t wrote =
        ::write(STDERR_FILENO, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (wrote < 0) return;  // the reader is gone
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void LogQueue::lose(std::uint64_t records) {
  losses_ += records;
  sink_->lose(records);
}

// The record is sent, or waits, or is counted as lost.
void LogQueue::take(int priority, pid_t pid, std::string_view text) noexcept {
  has_unflushed_ = true;
  try {
    if (starting_ && priority <= static_cast<int>(worker::log::Severity::error)) write_stderr(text);
    send_waiting();
    if (waiting_.empty() && sink_->write(priority, pid, text)) return;
    Record record{priority, pid, std::string(text)};
    if (waiting_bytes_ + record.cost() <= kMostWaiting) {
      waiting_bytes_ += record.cost();
      waiting_.push_back(std::move(record));
      return;
    }
  } catch (const std::exception&) {
    // There is no memory for the record.
  }
  lose(1);
}

std::size_t LogQueue::Record::cost() const {
  constexpr std::size_t kAllocator = 16;  // what malloc adds to a block
  return sizeof(Record) + text.capacity() + kAllocator;
}

void LogQueue::log(worker::log::Severity severity, std::string_view text) noexcept {
  if (severity == worker::log::Severity::debug && detail_ == 0) return;
  take(static_cast<int>(severity), ::getpid(), text);
}

void LogQueue::replace_sink(std::unique_ptr<LogSink> sink) {
  flush();
  sink_->hand_over(*sink);
  sink_ = std::move(sink);
}

void LogQueue::forward(int priority, pid_t pid, std::string_view text) noexcept {
  take(priority, pid, text);
}

void LogQueue::send_waiting() {
  while (!waiting_.empty()) {
    const Record& first = waiting_.front();
    if (!sink_->write(first.priority, first.pid, first.text)) return;
    waiting_bytes_ -= first.cost();
    waiting_.pop_front();
  }
}

void LogQueue::flush() noexcept {
  has_unflushed_ = false;
  try {
    send_waiting();
    sink_->flush(now_ms());
  } catch (const std::exception&) {
    // There is no memory for a line. The next flush tries again.
  }
}

void LogQueue::finish() noexcept {
  const std::uint64_t end = now_ms() + kLastWordsMs;
  for (;;) {
    flush();
    try {
      sink_->flush_all();
    } catch (const std::exception&) {
      return;
    }
    const std::uint64_t now = now_ms();
    if (!is_behind() || sink_->fd() < 0 || now >= end) return;
    is_writable(sink_->fd(), static_cast<int>(end - now));
  }
}

}  // namespace master
