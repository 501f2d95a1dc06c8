// The access record of a connection that ends without, or beside, its requests.
#pragma once

#include <cstddef>
#include <string_view>

#include "worker/client/context.h"
#include "worker/route/listener.h"

namespace worker::client {

struct ConnectionRecord {
  std::string_view client_ip;
  int status = 400;
  std::string_view reason;  // a literal
  std::size_t body_bytes = 0;
};

void write_connection_record(Context& context, const route::Listener& listener,
                             const ConnectionRecord& what);

}  // namespace worker::client
