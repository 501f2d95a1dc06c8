// What all TLS sessions of one listener, or of one backend, share: see session_group.h.
#include "worker/tls/session_group.h"

#include "worker/tls/record_cutter.h"
#include "worker/tls/session.h"

namespace worker::tls {

SessionGroup::SessionGroup(Side side) : side_(side), transport_(Session::make_transport()) {}

// The buffer is made by the first worker that needs it, not by the master.
Scratch& SessionGroup::scratch() {
  if (!scratch_.gathered) scratch_.gathered = std::make_unique_for_overwrite<char[]>(kRecordSize);
  return scratch_;
}

}  // namespace worker::tls
