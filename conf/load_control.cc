// The key Control of Global: see load_control.h.
#include "conf/load_control.h"

#include "conf/address.h"
#include "conf/scalar.h"

namespace conf {

namespace {

void load_name(const Section& section, std::string_view key, std::optional<std::string>& name,
               Position& where) {
  const Section::Member* const member = section.find(key);
  if (member == nullptr) return;
  name = member->value->text;
  where = member->value->where;
}

// False when the value was reported.
bool load_path(const Section::Member& member, ControlSocket& control, Diagnostics& diagnostics) {
  const std::string& text = member.value->text;
  std::string fault = path_fault(text);
  if (!is_path(text)) fault = "expected a path that begins with `/`";
  if (!fault.empty()) {
    diagnostics.error(member.value->where, "`" + std::string(member.key->name) + "` is " +
                                               describe(*member.value) + "; " + fault);
    return false;
  }
  control.path = text;
  control.path_where = member.value->where;
  return true;
}

bool load_mode(const Section::Member& member, ControlSocket& control, Diagnostics& diagnostics) {
  const std::optional<unsigned> mode = parse_mode(member.value->text);
  if (!mode) {
    diagnostics.error(member.value->where, "`Mode` is " + describe(*member.value) + ", expected " +
                                               expectation(*member.key));
    return false;
  }
  control.mode = *mode;
  return true;
}

}  // namespace

std::optional<ControlSocket> load_control(const Section& global, Diagnostics& diagnostics) {
  const Section::Member* const member = global.find("Control");
  if (member == nullptr) return std::nullopt;
  ControlSocket control;
  if (!member->value->is(Node::Kind::mapping)) {
    if (!load_path(*member, control, diagnostics)) return std::nullopt;
    return control;
  }
  const Section section(control_schema(), *member->value, diagnostics);
  const Section::Member* const path = section.find("Socket");
  const Section::Member* const mode = section.find("Mode");
  bool is_valid = path != nullptr && load_path(*path, control, diagnostics);
  if (mode != nullptr) is_valid &= load_mode(*mode, control, diagnostics);
  load_name(section, "User", control.user, control.user_where);
  load_name(section, "Group", control.group, control.group_where);
  if (!is_valid) return std::nullopt;
  return control;
}

}  // namespace conf
