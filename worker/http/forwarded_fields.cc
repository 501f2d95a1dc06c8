// The lists and values behind the visitors: see forwarded_fields.h.
#include "worker/http/forwarded_fields.h"

namespace worker::http {

bool is_twin_of_replaced(const Field& field) { return is_replaced(twin_field_id(field.name)); }

std::string joined_forwarded_for(const HeaderList& fields, std::string_view client_ip) {
  std::string joined;
  for (const Field& field : fields) {
    if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
    joined.append(field.value).append(", ");
  }
  return joined.append(client_ip);
}

std::optional<std::uint64_t> informative_length(const ResponseHead& head) {
  if (head.status < 200 || head.status == 204) return std::nullopt;
  if (head.fields.has(FieldId::transfer_encoding)) return std::nullopt;
  std::uint64_t length = 0;
  if (head.fields.count(FieldId::content_length) != 1) return std::nullopt;
  if (!parse_content_length(head.fields.find(FieldId::content_length)->value, length)) {
    return std::nullopt;
  }
  return length;
}

}  // namespace worker::http
