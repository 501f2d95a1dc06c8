// The families of metrics: see metric_families.h.
#include "worker/serve/metric_families.h"

#include <algorithm>
#include <array>
#include <string>

#include "worker/serve/metric_samples.h"

namespace worker::serve {
namespace {

using enum MetricOwner;
using enum MetricType;

constexpr auto kFamilies = std::to_array<MetricFamily>({
    {process, gauge, "pound_build_info", "The version of the program.", write_build_info},
    {process, gauge, "pound_start_time_seconds", "When the master started, since 1970.",
     write_start_time},
    {process, gauge, "pound_generation", "The number of the configuration, which reloads raise.",
     write_generation},
    {process, gauge, "pound_workers", "Worker processes by their state.", write_workers},
    {worker, counter, "pound_worker_respawns",
     "Workers that took the place of a dead one, by slot.", write_respawns},
    {worker, gauge, "pound_worker_clients", "Connections of clients, by slot.",
     write_worker_clients},
    {worker, gauge, "pound_worker_buffered_bytes", "Bytes that are reserved for bodies, by slot.",
     write_buffered},
    {worker, gauge, "pound_worker_buffer_memory_bytes",
     "Bytes that may be reserved for bodies (BufferMemory), by slot.", write_buffer_memory},
    {process, counter, "pound_log_lost_records", "Records that the log did not take in time.",
     write_log_losses},

    {listener, counter, "pound_listener_connections", "Connections that were accepted.",
     write_connections},
    {listener, counter, "pound_listener_received_bytes", "Bytes that clients sent, without TLS.",
     write_received_bytes},
    {listener, counter, "pound_listener_sent_bytes", "Bytes that clients got, without TLS.",
     write_sent_bytes},
    {listener, counter, "pound_listener_requests", "Requests that have begun, by protocol.",
     write_listener_requests},
    {listener, counter, "pound_listener_responses",
     "Requests that have ended, by the class of the status that the client got.",
     write_listener_responses},
    {listener, histogram, "pound_listener_response_seconds",
     "Time from the head of a request until the last part of its response is sent.",
     write_listener_times},
    {listener, counter, "pound_listener_unserved",
     "Requests and connections that were not served, by the reason in the log.", write_unserved},
    {listener, counter, "pound_listener_tls_handshakes", "Completed handshakes of TLS, by version.",
     write_handshakes},
    {listener, counter, "pound_listener_tls_resumptions",
     "Handshakes of TLS that resumed a session.", write_resumptions},
    {listener, counter, "pound_listener_tls_failures", "Handshakes of TLS that failed.",
     write_tls_failures},
    {listener, gauge, "pound_listener_requests_in_service", "Requests that are being served.",
     write_listener_in_service},
    {listener, gauge, "pound_listener_requests_waiting", "Requests that wait for a slot (Threads).",
     write_listener_waiting},
    {listener, gauge, "pound_listener_threads", "The limit of requests in service (Threads).",
     write_listener_limit},
    {listener, gauge, "pound_listener_streams", "Open tunnels and event streams.", write_streams},
    {listener, gauge, "pound_listener_max_streams",
     "The limit of tunnels and event streams (MaxStreams).", write_max_streams},

    {service, counter, "pound_service_requests", "Requests that the service was chosen for.",
     write_service_requests},
    {service, counter, "pound_service_responses",
     "Requests that have ended, by the class of the status that the client got.",
     write_service_responses},
    {service, histogram, "pound_service_response_seconds",
     "Time from the head of a request until the last part of its response is sent.",
     write_service_times},
    {service, gauge, "pound_service_sessions", "Sessions that are remembered.",
     write_service_sessions},
    {service, counter, "pound_service_strangers",
     "Requests without a session, where such requests wait behind others (Queue).",
     write_strangers},
    {service, counter, "pound_service_retries",
     "Requests that were sent to one more backend (Retry), by whether the budget allowed it.",
     write_retries},

    {backend, gauge, "pound_backend_up", "1 for a live backend, 0 for a dead one.",
     write_backend_up},
    {backend, gauge, "pound_backend_admin_state",
     "1 for the state that the administrator has chosen, 0 for the others.", write_admin_state},
    {backend, gauge, "pound_backend_ejected", "1 while the backend is ejected (Eject).",
     write_ejected},
    {backend, gauge, "pound_backend_share_ratio",
     "Which part of its weight counts now: less than 1 while it warms up (Warmup).", write_share},
    {backend, gauge, "pound_backend_requests_in_flight", "Requests that the backend works on.",
     write_in_flight},
    {backend, gauge, "pound_backend_requests_waiting",
     "Requests that wait for a slot of the backend (Threads).", write_backend_waiting},
    {backend, gauge, "pound_backend_threads", "The limit of requests in flight (Threads).",
     write_backend_limit},
    {backend, counter, "pound_backend_requests", "Requests that were sent to the backend.",
     write_backend_requests},
    {backend, counter, "pound_backend_responses",
     "Responses of the backend, by the class of their status.", write_backend_responses},
    {backend, histogram, "pound_backend_first_byte_seconds",
     "Time from a request that was sent to the head of its response.", write_backend_times},
    {backend, counter, "pound_backend_failures", "Requests that the backend has not served.",
     write_failures},
    {backend, counter, "pound_backend_deaths", "How often the backend was found dead.",
     write_deaths},
    {backend, counter, "pound_backend_ejections", "How often the backend was ejected (Eject).",
     write_ejections},
    {backend, counter, "pound_backend_checks", "Active checks (Check), by their result.",
     write_checks},

    {limit, counter, "pound_limit_requests", "Requests at a Limit, by whether it let them pass.",
     write_limit_requests},
    {limit, counter, "pound_limit_connections_over", "Connections beyond a Limit.",
     write_connections_over},
    {limit, counter, "pound_limit_evictions",
     "Clients that lost their place in the table of rates (MaxLimits).", write_evictions},

    {process, gauge, "pound_sessions", "Sessions in the table.", write_sessions},
    {process, gauge, "pound_sessions_capacity",
     "Sessions that the table is made for (MaxSessions).", write_capacity},
    {process, counter, "pound_sessions_evicted", "Sessions that made room for others.",
     write_evicted},
    {store, gauge, "pound_session_store_workers",
     "Workers by the state of their connection to the session store.", write_store_links},
    {store, counter, "pound_session_store_asked",
     "Look-ups of sessions that this machine did not know.", write_store_asked},
    {store, counter, "pound_session_store_found",
     "Look-ups that the session store answered with a session.", write_store_found},
    {store, counter, "pound_session_store_written",
     "Sessions that were written to the session store, refreshed or deleted there.",
     write_store_written},
    {store, counter, "pound_session_store_late",
     "Look-ups and bindings that were not answered within TimeOut.", write_store_late},
    {store, counter, "pound_session_store_refused",
     "Answers of the session store that were errors, or not those that were asked for.",
     write_store_refused},
    {store, counter, "pound_session_store_skipped",
     "Look-ups and writes that were not sent, because the session store was down, late or busy.",
     write_store_skipped},
    {process, counter, "pound_auth_checks", "Passwords that were checked.", write_auth_checks},
    {process, counter, "pound_auth_matches", "Passwords that were right.", write_auth_matches},
    {certificate, gauge, "pound_certificate_not_after_timestamp_seconds",
     "When a certificate expires, since 1970.", write_not_after},
});

}  // namespace

std::span<const MetricFamily> metric_families() { return kFamilies; }

std::uint32_t owners_of(MetricOwner owner, const MetricSource& from) {
  const shm::RowNames& names = from.state.names;
  const auto size = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
  switch (owner) {
    case process:
      return 1;
    case worker:
      return shm::kMaxWorkers;
    case listener:
      return size(names.listeners);
    case service:
      return size(names.services);
    case backend:
      return size(names.backends);
    case limit:
      return size(names.limits);
    case certificate:
      return size(names.certificates);
    case store:
      return names.store.empty() ? 0 : 1;
  }
  return 0;
}

}  // namespace worker::serve
