// Passes a change that an operator has made by hand on to the session store.
#pragma once

#include "shm/store_orders.h"
#include "worker/route/session_affinity.h"
#include "worker/store/session_store.h"

namespace worker::store {

// `affinity`: of the service of the order. Does nothing if the service does not have the backend,
// or shares no sessions.
void pass_on(const shm::StoreOrder& order, const route::SessionAffinity& affinity,
             SessionStore& store);

}  // namespace worker::store
