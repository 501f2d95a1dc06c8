// The connections that have something to send at the end of this turn of the loop.
//
// What the requests of one connection say during a turn so leaves in one write. Borrows the
// connections.
#pragma once

#include <vector>

namespace worker::client {

class Http2Connection;

class FlushList {
 public:
  FlushList() = default;
  FlushList(const FlushList&) = delete;
  FlushList& operator=(const FlushList&) = delete;

  void add(Http2Connection& connection) { waiting_.push_back(&connection); }
  void remove(Http2Connection& connection);
  // Calls flush() of each. Some come again, because more could be sent; after a few times the next
  // turn goes on, so that a client that takes all at once does not keep others waiting.
  void run();

 private:
  std::vector<Http2Connection*> waiting_;
  std::vector<Http2Connection*> current_;  // of run(), for its memory
};

}  // namespace worker::client
