// What every client connection of a worker uses. Borrows all of it; made once, when the worker
// starts.
#pragma once

#include <cstdint>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

#include "worker/client/flush_list.h"
#include "worker/client/linger.h"
#include "worker/http/date.h"
#include "worker/http/request_head.h"
#include "worker/http2/hpack.h"
#include "worker/log/access_log.h"
#include "worker/log/activity.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/read_buffer.h"
#include "worker/transaction/buffer_budget.h"

namespace worker::client {

class ClientSet;
class Http1Exchange;
class Http2Exchange;
template <class Exchange>
class ExchangePool;

// While draining: for a client that has just connected and may have its request under way.
inline constexpr std::uint64_t kNewcomerMs = 1'000;
// While draining because of a reload: for any client that asks nothing just now. Closing it at once
// could meet its next request half way; that request is answered, with Connection: close.
inline constexpr std::uint64_t kPatienceMs = 5'000;
// When the machine goes on standby: for any client that asks nothing just now. All have to have
// left before the address moves to another machine, which takes at least two seconds.
inline constexpr std::uint64_t kStandbyMs = 500;
// A client of HTTP/2 that asks nothing for so long gives its memory back.
inline constexpr std::uint64_t kPauseMs = 250;

struct Context {
  Context(net::EventLoop& event_loop, net::DeadlineLists& deadlines, ClientSet& client_set,
          ExchangePool<Http1Exchange>& exchange_pool,
          ExchangePool<Http2Exchange>& http2_exchange_pool,
          transaction::BufferBudget& buffer_budget, net::ReadBuffer& read_buffer,
          log::Log& worker_log, log::AccessLog& worker_access_log, log::ActivityNote& activity_note)
      : loop(event_loop),
        clients(client_set),
        exchanges(exchange_pool),
        http2_exchanges(http2_exchange_pool),
        budget(buffer_budget),
        buffer(read_buffer),
        log(worker_log),
        access_log(worker_access_log),
        activity(activity_note),
        linger_timeout(deadlines.of(kLingerMs)),
        newcomer_timeout(deadlines.of(kNewcomerMs)),
        patience_timeout(deadlines.of(kPatienceMs)),
        standby_timeout(deadlines.of(kStandbyMs)),
        pause_timeout(deadlines.of(kPauseMs)) {}

  // The value of Date for a response that is sent now; empty without a clock.
  std::string_view date() {
    return wall_clock == nullptr ? std::string_view() : last_date.text(wall_clock(nullptr));
  }

  // While responses end their connections: for a client that asks nothing just now.
  net::DeadlineList& patience();

  net::EventLoop& loop;
  ClientSet& clients;
  ExchangePool<Http1Exchange>& exchanges;
  ExchangePool<Http2Exchange>& http2_exchanges;
  transaction::BufferBudget& budget;
  net::ReadBuffer& buffer;
  log::Log& log;
  log::AccessLog& access_log;
  log::ActivityNote& activity;
  net::DeadlineList& linger_timeout;
  net::DeadlineList& newcomer_timeout;
  net::DeadlineList& patience_timeout;
  net::DeadlineList& standby_timeout;
  net::DeadlineList& pause_timeout;

  std::time_t (*wall_clock)(std::time_t*) = &std::time;  // tests have none, or one of their own
  http::Date last_date;

  // Scratch of the call that uses it.
  http::RequestHead request_head;
  std::string text;

  // For clients that speak HTTP/2.
  FlushList flushes;
  http2::Encoder encoder;
  std::mt19937_64 random{std::random_device()()};
  net::ReadBuffer frames;  // what they send; `buffer` is for the bodies of responses meanwhile
  std::string head_text;   // scratch: the bytes of request_head
  std::string block;       // scratch: a header block
};

}  // namespace worker::client
