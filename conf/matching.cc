// See matching.h.
#include "conf/matching.h"

namespace conf {

bool is_in_path(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

bool is_below_host(std::string_view host, std::string_view name) {
  return host.size() > name.size() + 1 && host.ends_with(name) &&
         host[host.size() - name.size() - 1] == '.';
}

}  // namespace conf
