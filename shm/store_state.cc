// See store_state.h.
#include "shm/store_state.h"

namespace shm {

std::string_view to_text(StoreLink link) {
  switch (link) {
    case StoreLink::none:
      return "none";
    case StoreLink::connecting:
      return "connecting";
    case StoreLink::ready:
      return "ready";
    case StoreLink::refusing:
      return "refusing";
    case StoreLink::late:
      return "late";
    case StoreLink::down:
      return "down";
  }
  return "none";
}

}  // namespace shm
