// What the master tells running workers about the addresses of a backend.
#pragma once

#include "shm/segment.h"
#include "worker/heritage.h"

namespace master {

// The workers that know the backend use its present addresses from now on. An address that it no
// longer has is no longer noted as silent, either.
void publish_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment);

// Replaces addresses that an earlier generation has published for the same backend. Does nothing
// when there are none: what the workers inherit counts.
void correct_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment);

// Workers that still had an earlier list may have noted addresses that the backend no longer has.
void forget_old_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment);

}  // namespace master
