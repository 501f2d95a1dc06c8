// The limits on connections of a client (`Connections` of a listener's `Limit`), applied to a
// connection at the moment when its client's address is known.
#pragma once

#include <memory>

#include "worker/client/context.h"
#include "worker/client/entry.h"
#include "worker/route/listener.h"

namespace worker::client {

// Whether the connection of `peer` may go on. It then counts as long as `counted`
// lives, which stays null where nothing counts it: give it to the ClientSet. If not, there
// is an access record already, and the caller closes the connection without an answer. A trusted
// proxy is not limited, because its connections are those of many clients.
bool admit_connection(Context& context, route::Listener& listener, const Peer& peer,
                      std::unique_ptr<route::CountedConnection>& counted);

}  // namespace worker::client
