// `Check` and `Eject` of a backend: see load_check.h.
//
// The schema knows the form of each key; this file knows what a path, a host and a range of
// statuses look like, and which keys go together.
#include "conf/load_check.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "conf/address.h"
#include "conf/scalar.h"

namespace conf {

namespace {

// Of final responses.
constexpr std::int64_t kLeastStatus = 200;
constexpr std::int64_t kMostStatus = 599;

void refuse(const Node& value, std::string_view key, const std::string& expected,
            Diagnostics& diagnostics) {
  diagnostics.error(value.where,
                    "`" + std::string(key) + "` is " + describe(value) + ", expected " + expected);
}

bool is_visible(std::string_view text, std::string_view except) {
  return std::ranges::all_of(text, [&](char c) {
    return c > ' ' && c < '\x7f' && except.find(c) == std::string_view::npos;
  });
}

void load_path(const Section& section, Check& check, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Path");
  if (member == nullptr) return;
  check.path = member->value->text;
  if (check.path.front() == '/' && is_visible(check.path, "#")) return;
  refuse(*member->value, "Path",
         expectation(*member->key) +
             "; it begins with `/` and has neither spaces, `#` nor bytes above 0x7e",
         diagnostics);
}

void load_host_field(const Section& section, Check& check, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Host");
  if (member == nullptr) return;
  check.host = member->value->text;
  if (is_visible(check.host, "/?#@\\\"<>^`{|},")) return;
  refuse(*member->value, "Host", expectation(*member->key), diagnostics);
}

std::optional<Check::Statuses> parse_statuses(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto low = parse_whole_number(text.substr(0, dash));
  const auto high =
      dash == std::string_view::npos ? low : parse_whole_number(text.substr(dash + 1));
  if (!low || !high || *low < kLeastStatus || *high > kMostStatus || *low > *high) {
    return std::nullopt;
  }
  return Check::Statuses{static_cast<int>(*low), static_cast<int>(*high)};
}

void load_expect(const Section& section, Check& check, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Expect");
  if (member == nullptr) return;
  check.expect.clear();
  for (const Node* item : member->items) {
    if (const auto statuses = parse_statuses(item->text)) {
      check.expect.push_back(*statuses);
    } else {
      refuse(*item, "Expect",
             std::string(member->key->noun) + ", from " + std::to_string(kLeastStatus) + " to " +
                 std::to_string(kMostStatus),
             diagnostics);
    }
  }
  if (member->items.empty()) refuse(*member->value, "Expect", "at least one status", diagnostics);
}

void load_body(const Section& section, Check& check, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Body");
  if (member == nullptr) return;
  std::string error;
  check.body = Pattern::compile(member->value->text, Pattern::Case::sensitive, error);
  if (!check.body) {
    refuse(*member->value, "Body",
           expectation(*member->key) + "; " + fault_in(*member->value, error), diagnostics);
  } else if (check.method == Check::Method::head) {
    diagnostics.error(member->value->where,
                      "`Body` does not apply with `Method: HEAD`, whose responses have no body");
  }
}

void load_port(const Section& section, std::string_view address, Check& check,
               Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Port");
  if (member == nullptr) return;
  check.port = static_cast<std::uint16_t>(member->number);
  if (!is_path(address)) return;
  diagnostics.error(member->value->where,
                    "`Port` does not apply, as `Address` is the path of a Unix socket");
}

// Without a path nothing is requested, so there is no response to judge.
void refuse_without_path(const Section& section, Diagnostics& diagnostics) {
  if (section.reported("Path")) return;
  for (const std::string_view key : {"Method", "Host", "Expect", "Body"}) {
    const Section::Member* const member = section.find(key);
    if (member == nullptr) continue;
    diagnostics.error(member->value->where, "`" + std::string(key) + "` does not apply without " +
                                                "`Path`: the check then only connects");
  }
}

void load_times(const Section& section, Check& check, Diagnostics& diagnostics) {
  check.every = std::chrono::seconds(section.number("Every", check.every.count()));
  const Section::Member* const within = section.find("Within");
  check.within = within != nullptr ? std::chrono::seconds(within->number)
                                   : std::min(check.within, check.every);
  if (check.within <= check.every || section.reported("Every")) return;
  refuse(*within->value, "Within",
         "at most " + std::to_string(check.every.count()) + ", which is `Every`", diagnostics);
}

}  // namespace

std::optional<Check> load_check(const Section& backend, std::string_view address,
                                Diagnostics& diagnostics) {
  const Section::Member* const member = backend.find("Check");
  if (member == nullptr) return std::nullopt;
  Check check;
  if (member->value->is(Node::Kind::scalar)) return check;
  const Section section(check_schema(), *member->value, diagnostics);
  load_path(section, check, diagnostics);
  check.method = section.choice("Method", check.method);
  load_host_field(section, check, diagnostics);
  load_port(section, address, check, diagnostics);
  load_expect(section, check, diagnostics);
  load_body(section, check, diagnostics);
  if (section.find("Path") == nullptr) refuse_without_path(section, diagnostics);
  load_times(section, check, diagnostics);
  check.rise = static_cast<unsigned>(section.number("Rise", check.rise));
  check.fall = static_cast<unsigned>(section.number("Fall", check.fall));
  return check;
}

std::optional<Eject> load_eject(const Section& backend, Diagnostics& diagnostics) {
  const Section::Member* const member = backend.find("Eject");
  if (member == nullptr) return std::nullopt;
  const Section section(eject_schema(), *member->value, diagnostics);
  Eject eject;
  eject.errors = static_cast<unsigned>(section.number("Errors", eject.errors));
  eject.in = std::chrono::seconds(section.number("In", eject.in.count()));
  eject.lasting = std::chrono::seconds(section.number("For", eject.lasting.count()));
  return eject;
}

}  // namespace conf
