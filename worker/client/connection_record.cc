// The access record of a connection: see connection_record.h.
#include "worker/client/connection_record.h"

#include "worker/log/reasons.h"

namespace worker::client {

void write_connection_record(Context& context, const route::Listener& listener,
                             const ConnectionRecord& what) {
  log::count_own_reason(listener.cells, what.reason);
  const std::uint64_t now_us = context.loop.turn_us();
  log::AccessRecord record;
  log::AccessLog::begin(listener.shows, {}, now_us, record);
  record.client_ip = what.client_ip;
  record.listener = listener.name;
  record.status = what.status;
  record.body_bytes = what.body_bytes;
  record.service = listener.name;
  record.reason = what.reason;
  context.access_log.write(listener.access_log, record, now_us);
}

}  // namespace worker::client
