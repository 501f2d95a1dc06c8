// What every client connection of a worker uses: see context.h.
#include "worker/client/context.h"

#include "worker/client/client_set.h"

namespace worker::client {

net::DeadlineList& Context::patience() {
  return clients.is_draining() ? patience_timeout : standby_timeout;
}

}  // namespace worker::client
