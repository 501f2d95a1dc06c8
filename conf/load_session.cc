// The key Session of a service: see load_session.h.
//
// This file knows which keys belong to which type; the schema knows their form.
#include "conf/load_session.h"

#include <string>

#include "conf/scalar.h"

namespace conf {

namespace {

using Type = SessionPolicy::Type;

// The name of the cookie that Pound sets, where the file names none.
constexpr std::string_view kInsertedCookie = "PSRV";

bool has_id(Type type) {
  return type == Type::url || type == Type::cookie || type == Type::header || type == Type::insert;
}

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

// The names of cookies and headers are tokens.
std::string load_id(const Section& section, Type type, Diagnostics& diagnostics) {
  const Section::Member* member = section.find("ID");
  if (member == nullptr) {
    if (section.reported("ID")) return {};
    if (type == Type::insert) return std::string(kInsertedCookie);
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
    forbid(section, "ID", policy.type, "URL, COOKIE, HEADER and INSERT", diagnostics);
  }
  if (policy.type != Type::insert && section.find("TTL") == nullptr && !section.reported("TTL")) {
    diagnostics.error(section.where(), "Session needs `TTL`: " +
                                           expectation(*find_key(session_schema(), "TTL").key));
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
  // Without a valid type, the other keys cannot be judged.
  if (!section.reported("Type")) check_keys_of_type(section, policy, diagnostics);
  const bool lasts_without = policy.type == Type::insert && section.find("TTL") == nullptr;
  if (policy.ttl.count() == 0 && !lasts_without) return {};
  return policy;
}

}  // namespace

SessionPolicy load_session(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* member = service.find("Session");
  if (member == nullptr) return {};
  if (member->value->is(Node::Kind::mapping)) return load_mapping(*member->value, diagnostics);
  if (member->number == 0) return {};
  SessionPolicy policy;
  policy.type = Type::ip;
  policy.ttl = std::chrono::seconds(member->number);
  return policy;
}

}  // namespace conf
