// How long and how slowly a client may move the bytes that Pound waits for.
//
// Silence ends a client after `BodyTimeOut` seconds. So does a low rate over a span of time: one
// below `MinRate`, or below route::kCrowdedRate or kSurplusRate while other requests wait for a
// slot that this client's request holds. The bytes counted are those of bodies that the client has
// sent or taken.
//
// The kernel takes far more of a response at once than a slow client does: as long as what is
// queued becomes less, the client is alive. A client that has taken something since the last look
// may pause twice as long. Programs that limit their rate do: `curl --limit-rate` (7.88) takes a
// hundred buffers at once, and then nothing for 100 s.
//
// Owns its two deadlines. Knows neither sockets nor what becomes of the client.
#pragma once

#include <cstdint>

#include "worker/net/deadline.h"
#include "worker/route/listener.h"

namespace worker::transaction {

class PaceUser {
 public:
  // Bytes that the client has moved so far, both ways; less what it still has to take.
  virtual std::int64_t client_moved() const = 0;
  // Other requests wait for a slot that this client's request holds.
  virtual bool is_wanted() const = 0;
  virtual void on_client_silent() = 0;
  virtual void on_client_too_slow() = 0;

 protected:
  ~PaceUser() = default;
};

class Pace {
 public:
  explicit Pace(PaceUser& user);

  // A new request begins: the client has moved nothing yet.
  void begin() { moved_at_look_ = 0; }

  // What the client is waited for.
  enum class For : std::uint8_t {
    request,   // to send more
    response,  // to take more
  };
  // Waits from now on. A span begins unless one of the same length runs. `limits` outlives the
  // wait.
  void wait(For what, const route::PaceLimits& limits);
  // The client is not what anything waits for.
  void stop();

 private:
  void on_silence();
  void on_span_end();

  PaceUser& user_;
  For what_ = For::request;
  const route::PaceLimits* limits_ = nullptr;
  net::Deadline silence_;
  net::Deadline span_;
  std::int64_t moved_at_look_ = 0;  // client_moved() when a silence last ended
  std::int64_t moved_at_span_ = 0;  // and when the span began
};

}  // namespace worker::transaction
