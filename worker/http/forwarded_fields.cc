// The lists and values behind the visitors: see forwarded_fields.h.
#include "worker/http/forwarded_fields.h"

#include <algorithm>

#include "worker/http/client_field.h"
#include "worker/http/fixed_fields.h"
#include "worker/http/uri.h"

namespace worker::http {

namespace {

// The value of a field that is there once.
std::string_view only_value(const HeaderList& fields, FieldId id) {
  return fields.count(id) == 1 ? fields.find(id)->value : std::string_view();
}

bool is_port(std::string_view text) {
  constexpr std::size_t kMostDigits = 5;
  if (text.empty() || text.size() > kMostDigits || text[0] == '0') return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

// Twins are equal here.
bool same_but_for_marks(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return without_marks(x) == without_marks(y); });
}

// The values of all fields of this kind, in their order, each with a comma behind it.
std::string joined(const HeaderList& fields, FieldId id) {
  std::string text;
  for (const Field& field : fields) {
    if (field.id != id || field.value.empty()) continue;
    text.append(field.value).append(", ");
  }
  return text;
}

}  // namespace

Believed believed_fields(const HeaderList& fields) {
  Believed believed;
  const std::string_view proto = only_value(fields, FieldId::x_forwarded_proto);
  if (equal_ignoring_case(proto, "http")) believed.proto = "http";
  if (equal_ignoring_case(proto, "https")) believed.proto = "https";
  const std::string_view host = only_value(fields, FieldId::x_forwarded_host);
  if (host.size() <= kMaxHost && valid_authority(host)) believed.host = host;
  const std::string_view port = only_value(fields, FieldId::x_forwarded_port);
  const std::string_view beside_host = believed.host.substr(host_of(believed.host).size());
  if (is_port(port)) {
    believed.port = port;
  } else if (beside_host.size() > 1) {
    believed.port = beside_host.substr(1);
  } else if (!believed.proto.empty()) {
    believed.port = believed.proto == "https" ? "443" : "80";
  }
  return believed;
}

bool is_ending_client_field(const Field& field, const Forwarded& forwarded) {
  if (!same_but_for_marks(field.name, forwarded.client_field)) return false;
  return !forwarded.is_trusted || !equal_ignoring_case(field.name, forwarded.client_field);
}

bool is_named_or_twin(const Field& field, std::string_view name) {
  return same_but_for_marks(field.name, name);
}

bool is_twin_of_replaced(const Field& field) { return is_replaced(twin_field_id(field.name)); }

std::string forwarded_for_value(const HeaderList& fields, const Forwarded& forwarded) {
  return joined(fields, FieldId::x_forwarded_for).append(forwarded.peer_ip);
}

// A quote without its partner, on the left, would hide the element that is added.
std::string forwarded_value(const HeaderList& fields, std::string_view host,
                            const Forwarded& forwarded) {
  std::string value;
  if (forwarded.is_trusted && can_extend_forwarded(fields)) {
    value = joined(fields, FieldId::forwarded);
  }
  return value.append(forwarded_element(forwarded.peer_ip, forwarded.proto, host));
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
