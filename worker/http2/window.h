// Windows of flow control (RFC 9113 section 5.2), of a stream or of a connection.
//
// Pure. A window counts the payloads of DATA frames.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace worker::http2 {

inline constexpr std::int64_t kInitialWindow = 65'535;
inline constexpr std::int64_t kMostWindow = 0x7fff'ffff;
// How far a window grows for a client that uploads faster than it can be told to go on: 80 MiB/s
// with a round trip of 100 ms.
inline constexpr std::int64_t kMostGrown = 8 * 1024 * 1024;

// What the peer allows us to send.
class SendWindow {
 public:
  explicit SendWindow(std::int64_t size = kInitialWindow) : left_(size) {}

  // WINDOW_UPDATE, or a change of SETTINGS_INITIAL_WINDOW_SIZE, which may be negative. False when
  // the window would become too large.
  bool widen(std::int64_t increment) {
    if (left_ + increment > kMostWindow) return false;
    left_ += increment;
    return true;
  }
  void spend(std::size_t bytes) { left_ -= static_cast<std::int64_t>(bytes); }
  // How many bytes may be sent now.
  std::size_t left() const { return left_ > 0 ? static_cast<std::size_t>(left_) : 0; }

 private:
  std::int64_t left_;
};

// What we allow the peer to send. The window is given back in portions of at least half of it.
class ReceiveWindow {
 public:
  // A frame has come. False when it is larger than the window.
  bool receive(std::size_t bytes) {
    left_ -= static_cast<std::int64_t>(bytes);
    return left_ >= 0;
  }
  // By how much the window should grow when give_back(bytes) follows: it becomes four times as
  // large, up to kMostGrown. 0 while too little was used.
  std::size_t growth(std::size_t bytes) const {
    if (!is_due(bytes)) return 0;
    return static_cast<std::size_t>(std::min(3 * size_, kMostGrown - size_));
  }
  // `bytes` of those that came were used, and the window grows by growth() or by nothing. Returns
  // the increment that has to be announced now, or 0.
  std::uint32_t give_back(std::size_t bytes, std::size_t growth) {
    const bool announces = is_due(bytes);
    used_ += static_cast<std::int64_t>(bytes);
    if (!announces) return 0;
    const std::int64_t increment = used_ + static_cast<std::int64_t>(growth);
    size_ += static_cast<std::int64_t>(growth);
    left_ += increment;
    used_ = 0;
    return static_cast<std::uint32_t>(increment);
  }

 private:
  bool is_due(std::size_t bytes) const {
    return used_ + static_cast<std::int64_t>(bytes) >= size_ / 2;
  }

  std::int64_t size_ = kInitialWindow;
  std::int64_t left_ = kInitialWindow;
  std::int64_t used_ = 0;  // not given back yet
};

}  // namespace worker::http2
