// Fuzzes the walk along the hops that a request names.
//
// The first byte selects the field; the rest is its values, one per line. Properties: the walk ends
// after no more steps than there are bytes; each address is a part of a value; an element that a
// proxy adds, in a field of its own or behind a comma, is the first hop, whatever comes before it;
// what Pound makes of all elements of Forwarded can be read from both sides.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http/client_field.h"
#include "worker/http/forwarded_fields.h"

using namespace worker::http;

namespace {

using Kind = ClientField::Kind;

HeaderList list_of(Kind kind, const std::vector<std::string>& values) {
  static constexpr std::string_view kNames[] = {"X-Forwarded-For", "Forwarded", "CF-Connecting-IP"};
  const std::string_view name = kNames[static_cast<std::size_t>(kind)];
  HeaderList fields;
  fields.clear();
  for (const std::string& value : values) fields.add({name, value, field_id(name), true});
  return fields;
}

std::vector<std::string> values_of(std::string_view bytes) {
  std::vector<std::string> values;
  while (!bytes.empty() && values.size() < kMaxFields - 1) {
    const std::size_t end = bytes.find('\n');
    const std::string_view value = bytes.substr(0, end);
    if (value.find('\r') == std::string_view::npos) values.emplace_back(value);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return values;
}

bool is_inside(std::string_view part, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const bool begins = part.data() >= value.data();
    if (begins && part.data() + part.size() <= value.data() + value.size()) return true;
  }
  return part.empty();
}

void check_walk(const ClientField& wanted, const std::vector<std::string>& values) {
  const HeaderList fields = list_of(wanted.kind, values);
  std::size_t most = values.size() + 1;
  for (const std::string& value : values) most += value.size();
  HopWalk walk(fields, wanted);
  for (std::size_t steps = 0; const auto hop = walk.next(); ++steps) {
    if (steps > most || !is_inside(hop->address, values)) std::abort();
  }
}

// `added` names 192.0.2.1.
void check_added(const ClientField& wanted, std::vector<std::string> values,
                 const std::string& added) {
  const auto is_first = [&] {
    const HeaderList fields = list_of(wanted.kind, values);
    HopWalk walk(fields, wanted);
    const auto hop = walk.next();
    return hop && hop->kind == Hop::Kind::address && hop->address == "192.0.2.1";
  };
  if (!values.empty()) {
    const std::string before = values.back();
    values.back() += ", " + added;
    if (!is_first()) std::abort();
    values.back() = before;
  }
  values.push_back(added);
  if (!is_first()) std::abort();
}

// A reader from the left finds the last element where Pound has put it.
void check_extended(const std::vector<std::string>& values) {
  const HeaderList fields = list_of(Kind::forwarded, values);
  const Forwarded forwarded{.peer_ip = "2001:db8::1",
                            .proto = "http",
                            .local_host = "",
                            .local_port = "80",
                            .is_trusted = true};
  const std::string value = forwarded_value(fields, "a:80", forwarded);
  bool in_quotes = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (in_quotes && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      in_quotes = !in_quotes;
    } else if (value[i] == ',' && !in_quotes) {
      begin = i + 1;
    }
  }
  const std::string_view last = trim(std::string_view(value).substr(begin));
  if (in_quotes || last != "for=\"[2001:db8::1]\";proto=http;host=\"a:80\"") std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ClientField wanted{.kind = static_cast<Kind>(data[0] % 3), .name = "CF-Connecting-IP"};
  const std::vector<std::string> values =
      values_of({reinterpret_cast<const char*>(data) + 1, size - 1});
  check_walk(wanted, values);
  if (wanted.kind == Kind::x_forwarded_for) check_added(wanted, values, "192.0.2.1");
  if (wanted.kind != Kind::forwarded) return 0;
  check_added(wanted, values, "for=\"192.0.2.1:80\";proto=http");
  check_extended(values);
  return 0;
}
