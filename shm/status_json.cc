// See status_json.h.
#include "shm/status_json.h"

#include <array>
#include <string_view>

#include "shm/json.h"
#include "shm/status_problems.h"

namespace shm {
namespace {

struct Kind {
  std::string_view object;
  std::string_view member;
  bool is_list;
};

constexpr std::array kKinds{
    Kind{"process", "process", false},
    Kind{"worker", "workers", true},
    Kind{"listener", "listeners", true},
    Kind{"service", "services", true},
    Kind{"backend", "backends", true},
    Kind{"limit", "limits", true},
    Kind{"certificate", "certificates", true},
    Kind{"client", "clients", true},
    Kind{"busy_client", "busy_clients", true},
    Kind{"sessions", "sessions", false},
    Kind{"store", "store", false},
    Kind{"auth", "auth", false},
    Kind{"problem", "problems", true},
};

}  // namespace

void append_json(std::string& out, const StatusObject& object) {
  out += '{';
  for (const StatusField& field : object.fields) {
    if (out.back() != '{') out += ',';
    append_json_string(out, field.key);
    out += ':';
    switch (field.kind) {
      case StatusField::Kind::none:
        out += "null";
        break;
      case StatusField::Kind::number:
        out += field.value;
        break;
      case StatusField::Kind::text:
        append_json_string(out, field.value);
        break;
    }
  }
  out += '}';
}

void StatusJson::begin_member(std::string& out) {
  out += has_begun_ ? ',' : '{';
  has_begun_ = true;
  append_json_string(out, kKinds[next_].member);
  out += ':';
}

// Ends the list of the objects before, and says of the kinds up to `kind` that there are none.
void StatusJson::begin_kind(std::string& out, std::string_view kind) {
  if (in_list_) out += ']';
  in_list_ = false;
  for (; next_ < kKinds.size() && kKinds[next_].object != kind; ++next_) {
    if (!kKinds[next_].is_list) continue;
    begin_member(out);
    out += "[]";
  }
}

void StatusJson::add(std::string& out, const StatusObject& object) {
  if (in_list_ && kKinds[next_ - 1].object == object.kind) {
    out += ',';
  } else {
    begin_kind(out, object.kind);
    begin_member(out);
    in_list_ = kKinds[next_].is_list;
    if (in_list_) out += '[';
    ++next_;
  }
  append_json(out, object);
}

void StatusJson::finish(std::string& out) {
  begin_kind(out, {});
  out += '}';
}

std::string status_json(const std::vector<StatusObject>& objects) {
  std::string out;
  StatusJson json;
  for (const StatusObject& object : objects) json.add(out, object);
  for (const StatusObject& problem : problems_of(objects)) json.add(out, problem);
  json.finish(out);
  return out;
}

}  // namespace shm
