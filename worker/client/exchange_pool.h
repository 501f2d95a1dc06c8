// Exchanges that wait for their next request, because making one costs several allocations.
//
// Owns those that wait. `Exchange` is the class of one protocol.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/net/event.h"
#include "worker/transaction/context.h"

namespace worker::client {

template <class Exchange>
class ExchangePool {
 public:
  explicit ExchangePool(transaction::Context& context) : context_(context) {}
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  std::unique_ptr<Exchange> take() {
    if (waiting_.empty()) return std::make_unique<Exchange>(context_);
    std::unique_ptr<Exchange> exchange = std::move(waiting_.back());
    waiting_.pop_back();
    return exchange;
  }

  // One of its methods may be on the stack.
  void give_back(std::unique_ptr<Exchange> exchange) {
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(std::move(exchange));
    } else {
      context_.loop.dispose(std::move(exchange));
    }
  }

  static constexpr std::size_t kMostWaiting = 256;

 private:
  transaction::Context& context_;
  std::vector<std::unique_ptr<Exchange>> waiting_;
};

}  // namespace worker::client
