// The key Session of a service: tree → struct.
//
// See load_session.h. Which keys belong to which type is told here; their form is in the schema.
#include "conf/load_session.h"

#include <string>

#include "conf/scalar.h"

namespace conf {

namespace {

using Type = SessionPolicy::Type;

bool has_id(Type type) { return type == Type::url || type == Type::cookie || type == Type::header; }

std::string_view name_of(Type type) {
  return choice_word(*find_key(session_schema(), "Type").key, static_cast<std::int64_t>(type));
}

void forbid(const Section& section, std::string_view key, Type type, std::string_view users,
            Diagnostics& diagnostics) {
  const Section::Member* member = section.find(key);
  if (member == nullptr) return;
  diagnostics.error(member->value->where,
                    "`" + std::string(key) + "` does not apply to sessions of type " +
                        std::string(name_of(type)) + ", only for " + std::string(users));
}

// A token is all that the name of a cookie or of a header can be.
std::string load_id(const Section& section, Type type, Diagnostics& diagnostics) {
  const Section::Member* member = section.find("ID");
  if (member == nullptr) {
    if (section.reported("ID")) return {};
    diagnostics.error(section.where(), "Session needs `ID` for type " + std::string(name_of(type)) +
                                           ": " +
                                           expectation(*find_key(session_schema(), "ID").key));
    return {};
  }
  if (!is_token(member->value->text)) {
    diagnostics.error(member->value->where, "`ID` is " + describe(*member->value) + ", expected " +
                                                expectation(*member->key) +
                                                ", made of letters, digits and " +
                                                std::string(kTokenMarks));
  }
  return member->value->text;
}

void check_keys_of_type(const Section& section, SessionPolicy& policy, Diagnostics& diagnostics) {
  if (has_id(policy.type)) {
    policy.id = load_id(section, policy.type, diagnostics);
  } else {
    forbid(section, "ID", policy.type, "URL, COOKIE and HEADER", diagnostics);
  }
  if (policy.type != Type::ip) {
    forbid(section, "Mask4", policy.type, "IP", diagnostics);
    forbid(section, "Mask6", policy.type, "IP", diagnostics);
  }
}

SessionPolicy load_mapping(const Node& node, Diagnostics& diagnostics) {
  const Section section(session_schema(), node, diagnostics);
  SessionPolicy policy;
  policy.type = section.choice("Type", Type::ip);
  policy.ttl = std::chrono::seconds(section.number("TTL", 0));
  policy.mask4 = static_cast<unsigned>(section.number("Mask4", policy.mask4));
  policy.mask6 = static_cast<unsigned>(section.number("Mask6", policy.mask6));
  // What belongs to a type that cannot be told is not judged.
  if (!section.reported("Type")) check_keys_of_type(section, policy, diagnostics);
  return policy;
}

}  // namespace

SessionPolicy load_session(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* member = service.find("Session");
  if (member == nullptr) return {};
  SessionPolicy policy;
  if (member->value->is(Node::Kind::mapping)) {
    policy = load_mapping(*member->value, diagnostics);
  } else {
    policy.type = Type::ip;
    policy.ttl = std::chrono::seconds(member->number);
  }
  if (policy.ttl.count() == 0) return {};
  return policy;
}

}  // namespace conf
