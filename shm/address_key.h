// The hash by which processes refer to an address of a backend.
#pragma once

#include <string_view>

#include "shm/backend_table.h"

namespace shm {

// FNV-1a of the socket address's bytes in use. A collision of two addresses of one backend would
// cost no more than a worse order, or a connection to an address that is gone.
AddressKey make_address_key(std::string_view bytes);

}  // namespace shm
