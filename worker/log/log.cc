// How a worker speaks: see log.h.
#include "worker/log/log.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "shm/log_ring.h"

namespace worker::log {

namespace {

constexpr std::size_t kEscape = 4;  // bytes of \xNN
// Of a fixed size, so that the compiler makes it one step: 0.23 of the instructions that a usual
// text costs byte by byte.
constexpr std::size_t kBlock = 16;

constexpr bool is_plain(char byte) {
  const auto c = static_cast<unsigned char>(byte);
  return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

// Where the first byte stands that has to be escaped, or the end; nearly always the end.
std::size_t plain_run(std::string_view bytes) {
  std::size_t i = 0;
  for (; bytes.size() - i >= kBlock; i += kBlock) {
    unsigned char odd = 0;
    for (std::size_t k = 0; k < kBlock; ++k) odd |= is_plain(bytes[i + k]) ? 0 : 1;
    if (odd != 0) break;
  }
  while (i < bytes.size() && is_plain(bytes[i])) ++i;
  return i;
}

}  // namespace

void append_escaped(std::string& out, std::string_view bytes, std::size_t most) {
  static constexpr char kHex[] = "0123456789abcdef";
  while (!bytes.empty()) {
    const std::size_t run = std::min(plain_run(bytes), most);
    out += bytes.substr(0, run);
    bytes.remove_prefix(run);
    most -= run;
    if (bytes.empty()) return;
    if (most < kEscape) break;
    const auto c = static_cast<unsigned char>(bytes.front());
    out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    bytes.remove_prefix(1);
    most -= kEscape;
  }
  if (!bytes.empty()) out += "...";
}

std::string escaped(std::string_view bytes, std::size_t most) {
  std::string out;
  append_escaped(out, bytes, most);
  return out;
}

Log::Log(shm::LogRing& ring, int doorbell, int detail)
    : ring_(ring), doorbell_(doorbell), detail_(detail) {}

void Log::write(Severity severity, std::string_view text) {
  if (!ring_.write(static_cast<int>(severity), text)) return;
  const std::uint64_t one = 1;
  // A full counter means that the master is being woken anyway.
  [[maybe_unused]] const ssize_t n = ::write(doorbell_, &one, sizeof one);
}

}  // namespace worker::log
