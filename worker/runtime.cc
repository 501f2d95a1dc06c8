// All parts of a running worker: see runtime.h.
#include "worker/runtime.h"

#include <algorithm>
#include <chrono>

#include "shm/segment.h"
#include "worker/compress/memory.h"
#include "worker/serve/page_files.h"
#include "worker/tls/context.h"

namespace worker {

namespace {

backend::Backends make_backends(Runtime& runtime) {
  const Heritage& heritage = runtime.heritage;
  backend::Backends made;
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const backend::BackendHeritage& inherited = heritage.backends[i];
    made.add(std::make_unique<backend::Backend>(
        heritage.config->backends[i], inherited, runtime.loop, runtime.deadlines, runtime.queues,
        heritage.segment->backends().slots(inherited.row), heritage.slot));
  }
  made.find_lists(*heritage.config);
  return made;
}

bool compresses(const conf::Listener& listener) {
  return std::ranges::any_of(
      listener.services, [](const conf::Service& service) { return service.compress.has_value(); });
}

std::vector<std::unique_ptr<route::Listener>> make_listeners(Runtime& runtime) {
  const Heritage& heritage = runtime.heritage;
  std::vector<shm::BackendId> ids;
  for (const backend::BackendHeritage& one : heritage.backends) ids.push_back(one.id);
  const std::vector<std::string> keys = cookie_keys(heritage);
  std::vector<std::unique_ptr<route::Listener>> made;
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const route::ListenerHeritage& inherited = heritage.listeners[i];
    auto listener = std::make_unique<route::Listener>(heritage.config->listeners[i], inherited,
                                                      runtime.deadlines, runtime.queues,
                                                      heritage.segment->listeners(), heritage.row);
    route::add_services(*listener, *heritage.config, ids,
                        {.secret = heritage.session_secret,
                         .cookie_keys = keys,
                         .table = heritage.segment->sessions(),
                         .store_keys = heritage.store_keys});
    route::add_limits(*listener, heritage.session_secret, *heritage.segment, heritage.row);
    if (inherited.tls) inherited.tls->use_tickets(heritage.segment->ticket_keys());
    made.push_back(std::move(listener));
  }
  if (std::ranges::any_of(heritage.config->listeners, compresses)) compress::keep_freed_memory();
  return made;
}

std::vector<std::unique_ptr<client::Acceptor>> make_acceptors(Runtime& runtime) {
  const Heritage& heritage = runtime.heritage;
  std::vector<std::unique_ptr<client::Acceptor>> made;
  for (const std::unique_ptr<route::Listener>& listener : runtime.listeners) {
    for (const route::ListeningSocket& socket : listener->heritage.sockets) {
      made.push_back(std::make_unique<client::Acceptor>(
          runtime.client_context, *listener, runtime.share, socket, socket.slot == heritage.slot));
    }
  }
  return made;
}

const conf::SessionStore* store_of(const Heritage& heritage) {
  const std::optional<conf::SessionStore>& store = heritage.config->global.session_store;
  return store ? &*store : nullptr;
}

// When the master started, since 1970; by the clocks of now.
std::int64_t start_time(std::uint64_t started_ms) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto past = std::chrono::milliseconds(net::EventLoop::now_ms() - started_ms);
  return std::chrono::round<std::chrono::seconds>(now - past).count();
}

// Only a worker that shows them needs names and fields.
serve::State make_state(const Heritage& heritage) {
  serve::State state{.segment = *heritage.segment,
                     .names = {},
                     .master_pid = heritage.master_pid,
                     .started_ms = heritage.started_ms,
                     .started_s = start_time(heritage.started_ms),
                     .page_fields = {}};
  const auto serves = [](const conf::Service& service) { return service.serve.has_value(); };
  const auto has_some = [&](const conf::Listener& listener) {
    return std::ranges::any_of(listener.services, serves);
  };
  if (!std::ranges::any_of(heritage.config->listeners, has_some)) return state;
  add_names(state.names, heritage);
  state.page_fields = serve::page_fields();
  return state;
}

}  // namespace

Runtime::Runtime(const Heritage& inherited)
    : heritage(inherited),
      log(inherited.segment->log_ring(inherited.row), inherited.doorbell,
          inherited.segment->log_detail()),
      access_log(log),
      activity(inherited.segment->workers(), inherited.row),
      queues(loop, inherited.segment->workers(), inherited.segment->client_shares(), inherited.row,
             inherited.wake_fds, inherited.sleeper),
      backends(make_backends(*this)),
      listeners(make_listeners(*this)),
      health(inherited.segment->backends(), inherited.row, log, &backends),
      probe(backends, inherited.segment->backends(), health, inherited.config->global.alive, loop,
            deadlines, log),
      budget(inherited.config->global.buffer_memory),
      checks(loop, deadlines, inherited.auth,
             {.auth = inherited.segment->auth(), .attempts = inherited.segment->attempts()},
             inherited.session_secret),
      store(loop, store_of(inherited), inherited.store, inherited.segment->store(), inherited.row,
            log),
      served(make_state(inherited)),
      transactions{.loop = loop,
                   .log = log,
                   .access_log = access_log,
                   .activity = activity,
                   .segment = *inherited.segment,
                   .row = inherited.row,
                   .client_secret = inherited.session_secret,
                   .pages = inherited.pages,
                   .backends = backends,
                   .budget = budget,
                   .checks = checks,
                   .store = store,
                   .health = health,
                   .probe = probe,
                   .buffer = buffer,
                   .served = served},
      exchanges(transactions),
      http2_exchanges(transactions),
      clients(loop, inherited.segment->workers(), inherited.row, inherited.segment->standby()),
      client_context(loop, deadlines, clients, exchanges, http2_exchanges, budget, buffer, log,
                     access_log, activity),
      share(inherited.segment->workers(), inherited.row, inherited.wake_fds),
      acceptors(make_acceptors(*this)) {}

}  // namespace worker
