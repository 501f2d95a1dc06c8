// Exchanges that wait for their next request, because making one costs several allocations.
//
// Owns those that wait.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/client/http1_exchange.h"
#include "worker/net/event.h"
#include "worker/transaction/context.h"

namespace worker::client {

class ExchangePool {
 public:
  explicit ExchangePool(transaction::Context& context) : context_(context) {}
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  std::unique_ptr<Http1Exchange> take();
  // One of its methods may be on the stack.
  void give_back(std::unique_ptr<Http1Exchange> exchange);

  static constexpr std::size_t kMostWaiting = 256;

 private:
  transaction::Context& context_;
  std::vector<std::unique_ptr<Http1Exchange>> waiting_;
};

}  // namespace worker::client
