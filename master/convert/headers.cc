// Directives that change heads: HeadRemove and AddHeader of 2.x; SetHeader and DeleteHeader of 4.x.
//
// They all become `Request`. Pound refuses to edit some fields, most of which it writes itself.
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"
#include "master/convert/regex.h"
#include "worker/http/fixed_fields.h"

namespace master::convert {
namespace {

enum class Edit : std::uint8_t { remove, add, set };

struct Row {
  std::string_view name;
  Edit edit;
};
constexpr auto kRows = std::to_array<Row>({{"headremove", Edit::remove},
                                           {"headerremove", Edit::remove},
                                           {"deleteheader", Edit::remove},
                                           {"addheader", Edit::add},
                                           {"headeradd", Edit::add},
                                           {"setheader", Edit::set}});

std::string with_dollars(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '$' ? "$$" : std::string(1, c);
  return out;
}

// The mapping at `key`, made if there is none.
Yaml& mapping_at(Yaml& section, std::string_view key) {
  Yaml* const old = section.find(key);
  return old != nullptr ? *old : section.add(key, Yaml::mapping()).value;
}

// Adds to a key that has one text or a list of them.
void append(Yaml& mapping, const std::string& key, Yaml value) {
  Yaml* const old = mapping.find(key);
  if (old == nullptr) {
    mapping.add(key, std::move(value));
    return;
  }
  if (old->kind() != Yaml::Kind::list) {
    Yaml list = Yaml::list();
    list.is_short = true;
    list.add("", std::move(*old));
    *old = std::move(list);
  }
  old->add("", std::move(value));
}

// What Pound says against the edit alone.
std::string objection_to(Part part, std::string_view verb, const std::string& name,
                         const std::string& value) {
  Yaml edits = Yaml::mapping();
  if (verb == "Remove") {
    edits.add(verb, Yaml::text(name));
  } else {
    Yaml fields = Yaml::mapping();
    fields.add(name, Yaml::text(value));
    edits.add(verb, std::move(fields));
  }
  return objection(part, "Request", edits);
}

void put_remove(Yaml& section, Part part, Directive& directive) {
  const std::string name = header_name(directive.argument());
  const bool is_beginning = name.ends_with('*');
  const auto fixed =
      worker::http::find_fixed_field(name.substr(0, name.size() - (is_beginning ? 1 : 0)),
                                     is_beginning, worker::http::EditedHead::request);
  if (directive.arguments() != 1) {
    directive.leave_out("expected one value");
  } else if (name.empty()) {
    directive.leave_out("Request: {Remove: ...} takes names of headers, not patterns");
  } else if (fixed && conf::equal_ignoring_case(fixed->name, "Host")) {
    directive.leave_out("the backend gets the Host that the client has asked for");
  } else if (fixed) {
    directive.leave_out("not needed: Pound writes " + std::string(fixed->name) +
                        (fixed->name.ends_with('-') ? "*" : "") + " itself");
  } else if (const std::string error = objection_to(part, "Remove", name, ""); !error.empty()) {
    directive.leave_out(error);
  }
  if (directive.fate == Fate::left_out) return put_remark(section, directive);
  directive.change("removes " + name +
                   " after the service is chosen; in Pound 2.x before it, and each header in "
                   "whose line the pattern was found");
  Yaml& edits = mapping_at(section, "Request");
  put_remark(edits, directive);
  append(edits, "Remove", Yaml::text(name));
}

void put_field(Yaml& section, Part part, Directive& directive, Edit edit, std::string_view scheme) {
  const std::string_view line = directive.argument();
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string name(conf::trim(line.substr(0, colon)));
  const std::string_view value = conf::trim(line.substr(std::min(colon + 1, line.size())));
  const std::string_view verb = edit == Edit::add ? "Add" : "Set";
  const auto fixed = worker::http::find_fixed_field(name, false, worker::http::EditedHead::request);
  if (directive.arguments() != 1 || colon == line.size()) {
    directive.leave_out("expected one value, a header as `Name: value`");
  } else if (fixed && conf::equal_ignoring_case(name, "X-Forwarded-Proto") && value == scheme) {
    directive.leave_out("not needed: Pound sends X-Forwarded-Proto: " + std::string(scheme) +
                        " itself");
  } else if (fixed) {
    directive.leave_out(name + (fixed->name.ends_with('-') ? "" : " cannot be set, it") + " " +
                        std::string(fixed->why));
  } else if (value.find("%[") != std::string_view::npos) {
    directive.leave_out(
        "there are no accessors %[...]; see the variables of REQUEST in "
        "pound.yaml(5)");
  } else if (const std::string error = objection_to(part, verb, name, with_dollars(value));
             !error.empty()) {
    directive.leave_out(error);
  }
  if (directive.fate == Fate::left_out) return put_remark(section, directive);
  Yaml& edits = mapping_at(section, "Request");
  put_remark(edits, directive);
  Yaml& fields = mapping_at(edits, verb);
  if (edit == Edit::set && fields.find(name) != nullptr) {
    directive.leave_out("an earlier line has set " + name);
    return put_remark(fields, directive);
  }
  append(fields, name, Yaml::text(with_dollars(value)));
  directive.carry();
}

}  // namespace

bool put_header_edit(Yaml& section, Part part, Directive& directive, std::string_view scheme) {
  for (const Row& row : kRows) {
    if (!directive.is(row.name)) continue;
    if (row.edit == Edit::remove) {
      put_remove(section, part, directive);
    } else {
      put_field(section, part, directive, row.edit, scheme);
    }
    return true;
  }
  return false;
}

}  // namespace master::convert
