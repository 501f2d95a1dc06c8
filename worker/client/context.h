// What every client connection of a worker uses. Borrows all of it; made once, when the worker
// starts.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "worker/http/date.h"
#include "worker/http/request_head.h"
#include "worker/log/access_log.h"
#include "worker/log/activity.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/read_buffer.h"

namespace worker::client {

class ClientSet;
class ExchangePool;

// A client that is still sending when its connection closes: how long it may be silent, and how
// long it may take in all.
inline constexpr std::uint64_t kLingerMs = 2'000;
inline constexpr std::uint64_t kLingerTotalMs = 30'000;
// While draining: for a client that has just connected and may have its request under way.
inline constexpr std::uint64_t kNewcomerMs = 1'000;
// While draining because of a reload: for any client that asks nothing just now. Closing it at once
// could meet its next request half way; that request is answered, with Connection: close.
inline constexpr std::uint64_t kPatienceMs = 5'000;

struct Context {
  Context(net::EventLoop& event_loop, net::DeadlineLists& deadlines, ClientSet& client_set,
          ExchangePool& exchange_pool, net::ReadBuffer& read_buffer, log::Log& worker_log,
          log::AccessLog& worker_access_log, log::ActivityNote& activity_note)
      : loop(event_loop),
        clients(client_set),
        exchanges(exchange_pool),
        buffer(read_buffer),
        log(worker_log),
        access_log(worker_access_log),
        activity(activity_note),
        linger_timeout(deadlines.of(kLingerMs)),
        newcomer_timeout(deadlines.of(kNewcomerMs)),
        patience_timeout(deadlines.of(kPatienceMs)) {}

  // The value of Date for a response that is sent now; empty without a clock.
  std::string_view date() {
    return wall_clock == nullptr ? std::string_view() : last_date.text(wall_clock(nullptr));
  }

  net::EventLoop& loop;
  ClientSet& clients;
  ExchangePool& exchanges;
  net::ReadBuffer& buffer;
  log::Log& log;
  log::AccessLog& access_log;
  log::ActivityNote& activity;
  net::DeadlineList& linger_timeout;
  net::DeadlineList& newcomer_timeout;
  net::DeadlineList& patience_timeout;

  std::time_t (*wall_clock)(std::time_t*) = &std::time;  // tests have none, or one of their own
  http::Date last_date;

  // Scratch of the call that uses it.
  http::RequestHead request_head;
  std::string text;
};

}  // namespace worker::client
