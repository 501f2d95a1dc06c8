// How much work without progress a client may cause: one bucket of tokens for each connection.
//
// Pure; the caller tells the time. Frames that neither ask for something nor move a body cost
// tokens, and so do requests that are taken back or refused. Bodies and responses that arrive earn
// them. A browser that leaves a page with a hundred images cancels a hundred requests at once, and
// is to be let; a client that goes on like this is not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace worker::http2 {

// A DATA frame with fewer bytes costs more than it brings.
inline constexpr std::size_t kSmallData = 16;

class Budget {
 public:
  static constexpr std::int64_t kFull = 2'000;    // tokens
  static constexpr std::int64_t kPerSecond = 50;  // tokens
  static constexpr std::int64_t kFrame = 1;       // PING, SETTINGS, an empty DATA, …
  // RST_STREAM of the client, a response that was given up, a header block for a stream that is
  // gone.
  static constexpr std::int64_t kReset = 10;
  static constexpr std::int64_t kFault = 20;    // a request that we have to reset or refuse
  static constexpr std::int64_t kResponse = 2;  // earned by one that was sent whole
  // Earned by a DATA frame that we send, which a client may answer with two WINDOW_UPDATEs.
  static constexpr std::int64_t kData = 2;
  static constexpr std::size_t kBytesPerToken = 1'024;  // of bodies, both ways

  // False when there are too few tokens: the connection must end.
  bool spend(std::int64_t tokens, std::uint64_t now_ms) {
    refill(now_ms);
    tokens_ -= tokens;
    return tokens_ >= 0;
  }
  void earn(std::int64_t tokens) { tokens_ = std::min(tokens_ + tokens, kFull); }
  void earn_bytes(std::size_t bytes) {
    bytes_ += bytes;
    earn(static_cast<std::int64_t>(bytes_ / kBytesPerToken));
    bytes_ %= kBytesPerToken;
  }

 private:
  void refill(std::uint64_t now_ms) {
    if (refilled_ms_ == 0) refilled_ms_ = now_ms;
    const std::uint64_t gained =
        (now_ms - refilled_ms_) * static_cast<std::uint64_t>(kPerSecond) / 1000;
    if (gained == 0) return;
    refilled_ms_ = now_ms;
    earn(static_cast<std::int64_t>(std::min<std::uint64_t>(gained, kFull)));
  }

  std::int64_t tokens_ = kFull;
  std::size_t bytes_ = 0;  // that have not made a whole token yet
  std::uint64_t refilled_ms_ = 0;
};

}  // namespace worker::http2
