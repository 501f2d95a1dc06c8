// How the samples of each family are written: see MetricFamily::write.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/serve/metric_families.h"

namespace worker::serve {

using WriteSamples = void(const MetricSource& from, std::uint32_t index, std::string_view name,
                          MetricLines& lines);

WriteSamples write_build_info;
WriteSamples write_start_time;
WriteSamples write_generation;
WriteSamples write_workers;
WriteSamples write_respawns;
WriteSamples write_worker_clients;
WriteSamples write_buffered;
WriteSamples write_buffer_memory;
WriteSamples write_log_losses;
WriteSamples write_connections;
WriteSamples write_received_bytes;
WriteSamples write_sent_bytes;
WriteSamples write_listener_requests;
WriteSamples write_listener_responses;
WriteSamples write_listener_times;
WriteSamples write_unserved;
WriteSamples write_handshakes;
WriteSamples write_resumptions;
WriteSamples write_tls_failures;
WriteSamples write_listener_in_service;
WriteSamples write_listener_waiting;
WriteSamples write_listener_limit;
WriteSamples write_streams;
WriteSamples write_max_streams;
WriteSamples write_service_requests;
WriteSamples write_service_responses;
WriteSamples write_service_times;
WriteSamples write_service_sessions;
WriteSamples write_strangers;
WriteSamples write_retries;
WriteSamples write_backend_up;
WriteSamples write_admin_state;
WriteSamples write_ejected;
WriteSamples write_share;
WriteSamples write_in_flight;
WriteSamples write_backend_waiting;
WriteSamples write_backend_limit;
WriteSamples write_backend_requests;
WriteSamples write_backend_responses;
WriteSamples write_backend_times;
WriteSamples write_failures;
WriteSamples write_deaths;
WriteSamples write_ejections;
WriteSamples write_checks;
WriteSamples write_limit_requests;
WriteSamples write_connections_over;
WriteSamples write_evictions;
WriteSamples write_sessions;
WriteSamples write_capacity;
WriteSamples write_evicted;
WriteSamples write_auth_checks;
WriteSamples write_auth_matches;
WriteSamples write_store_links;
WriteSamples write_store_asked;
WriteSamples write_store_found;
WriteSamples write_store_written;
WriteSamples write_store_late;
WriteSamples write_store_refused;
WriteSamples write_store_skipped;
WriteSamples write_not_after;

// By the class of the status; the rare ones only once there was one.
void write_classes(Label owner, const shm::ResponseSums& sums, std::string_view name,
                   MetricLines& lines);

}  // namespace worker::serve
