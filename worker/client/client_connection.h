// What the life of a worker asks of a client's connection, whatever protocol it speaks.
//
// ClientSet owns it. Destroyed only through EventLoop::dispose.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/net/event.h"

namespace worker::client {

class ClientConnection : public net::Disposable {
 public:
  // Called once, when the ClientSet has it.
  virtual void start() = 0;
  // Closes soon when no request is in sight; otherwise after the response, which says so.
  virtual void drain() = 0;
  virtual bool is_idle() const = 0;  // nothing of a request is here
  // Ends it now, with its exchanges. `reason` is a literal, for the access record.
  virtual void cut_off(std::string_view reason) = 0;

  // The place in ClientSet.
  std::uint32_t index() const { return index_; }
  void set_index(std::uint32_t index) { index_ = index; }

 private:
  std::uint32_t index_ = 0;
};

}  // namespace worker::client
