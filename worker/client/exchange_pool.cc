// Exchanges that wait for their next request: see exchange_pool.h.
#include "worker/client/exchange_pool.h"

namespace worker::client {

std::unique_ptr<Http1Exchange> ExchangePool::take() {
  if (waiting_.empty()) return std::make_unique<Http1Exchange>(context_);
  std::unique_ptr<Http1Exchange> exchange = std::move(waiting_.back());
  waiting_.pop_back();
  return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Http1Exchange> exchange) {
  if (waiting_.size() < kMostWaiting) {
    waiting_.push_back(std::move(exchange));
  } else {
    context_.loop.dispose(std::move(exchange));
  }
}

}  // namespace worker::client
