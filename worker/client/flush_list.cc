// The connections that have something to send at the end of this turn of the loop: see
// flush_list.h.
#include "worker/client/flush_list.h"

#include "worker/client/http2_connection.h"

namespace worker::client {

namespace {

constexpr int kTimesPerTurn = 4;

}  // namespace

void FlushList::remove(Http2Connection& connection) { std::erase(waiting_, &connection); }

void FlushList::run() {
  for (int i = 0; i < kTimesPerTurn && !waiting_.empty(); ++i) {
    current_.clear();
    current_.swap(waiting_);
    // One that closes meanwhile is destroyed at the end of the turn.
    for (Http2Connection* connection : current_) connection->flush();
  }
  for (Http2Connection* connection : waiting_) connection->flush_later();
}

}  // namespace worker::client
