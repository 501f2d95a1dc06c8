// Names of services: see heritage.h.
#include "worker/route/heritage.h"

namespace worker::route {

std::string service_name(std::string_view listener, std::size_t index) {
  return std::string(listener) + "/" + std::to_string(index + 1);
}

}  // namespace worker::route
