// How a worker speaks: see log.h.
#include "worker/log.h"

#include <unistd.h>

#include <cstdint>

#include "shm/log_ring.h"

namespace worker {

void append_escaped(std::string& out, std::string_view bytes, std::size_t most) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::string_view shown = bytes.substr(0, most);
  std::size_t plain = 0;  // start of the run that goes out as it is
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto c = static_cast<unsigned char>(shown[i]);
    if (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') continue;
    out.append(shown, plain, i - plain);
    out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    plain = i + 1;
  }
  out.append(shown, plain);
  if (bytes.size() > most) out += "...";
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
