// How a worker speaks: see log.h.
#include "worker/log.h"

#include <unistd.h>

#include <cstdint>

#include "shm/log_ring.h"

namespace worker {

void append_escaped(std::string& out, std::string_view bytes, std::size_t most) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t plain = 0;  // start of the run that goes out as it is
  std::size_t i = 0;
  for (; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const bool is_plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
    const std::size_t width = is_plain ? 1 : 4;
    if (width > most) break;
    most -= width;
    if (is_plain) continue;
    out.append(bytes, plain, i - plain);
    out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    plain = i + 1;
  }
  out.append(bytes, plain, i - plain);
  if (i < bytes.size()) out += "...";
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

}  // namespace worker
