// See request_id.h.
#include "worker/http/request_id.h"

#include <algorithm>

#include "worker/http/chars.h"

namespace worker::http {

bool is_request_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxRequestId) return false;
  return std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '`' && c != '\\';
  });
}

std::string_view believed_request_id(const HeaderList& fields, std::string_view name) {
  std::string_view found;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, name)) continue;
    if (!found.empty()) return {};
    found = field.value;
  }
  return is_request_id(found) ? found : std::string_view();
}

}  // namespace worker::http
