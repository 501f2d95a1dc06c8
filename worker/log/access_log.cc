// The access log: see access_log.h.
#include "worker/log/access_log.h"

#include <ctime>

#include "worker/log/access_fields.h"
#include "worker/log/wall_clock.h"

namespace worker::log {

namespace {

constexpr std::size_t kMostProtocol = 15;  // bytes of "HTTP/1.1" or what a client sends instead

// Looks for METHOD TARGET PROTOCOL in the line. The target may have spaces where a refused one has.
void split(std::string_view line, AccessRecord& record) {
  record.method_size = record.target_size = 0;
  record.protocol.clear();
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == 0 || first == last) return;
  const std::string_view protocol = line.substr(last + 1);
  if (!protocol.starts_with("HTTP/") || first > kMaxName) return;
  record.method_size = first;
  record.target_size = last - first - 1;
  record.protocol = protocol.substr(0, kMostProtocol);
}

void note_time(std::uint64_t now_us, AccessRecord& record) {
  const std::uint64_t unix_ms = unix_us(now_us) / 1000;
  record.begun_at = static_cast<std::time_t>(unix_ms / 1000);
  record.begun_ms = static_cast<std::uint32_t>(unix_ms % 1000);
}

}  // namespace

void AccessLog::begin(Shows shows, const RequestTexts& request, std::uint64_t now_us,
                      AccessRecord& record) {
  if (shows == Shows::nothing) return;
  record.request_line = request.line.substr(0, kMaxRequestLine + 1);
  record.begun_us = now_us;
  if (shows == Shows::all) {
    split(request.line, record);
    record.host = request.host.substr(0, kMaxName + 1);
    note_time(now_us, record);
  } else {
    record.begun_at = std::time(nullptr);
  }
  if (shows < Shows::fields) return;
  record.referer = request.referer.substr(0, kMaxField + 1);
  record.user_agent = request.user_agent.substr(0, kMaxField + 1);
}

void AccessLog::write(const conf::AccessLog* format, AccessRecord& record, std::uint64_t now_us) {
  if (format == nullptr || format->kind == conf::AccessLog::Kind::none) return;
  record.ended_us = now_us;
  const std::size_t room = line_room(format->kind, record);
  if (line_.size() < room) line_.resize(room);
  char* const line = line_.data();
  const char* const end = write_record(*format, record, dates_, line);
  log_.write(Severity::info, {line, static_cast<std::size_t>(end - line)});
}

}  // namespace worker::log
