// See status_json.h.
#include "shm/status_json.h"

#include <array>
#include <string_view>

#include "shm/json.h"

namespace shm {
namespace {

struct Kind {
  std::string_view object;
  std::string_view member;
  bool is_list;
};

constexpr std::array kKinds{
    Kind{"process", "process", false},         Kind{"worker", "workers", true},
    Kind{"listener", "listeners", true},       Kind{"service", "services", true},
    Kind{"backend", "backends", true},         Kind{"limit", "limits", true},
    Kind{"certificate", "certificates", true}, Kind{"client", "clients", true},
    Kind{"sessions", "sessions", false},       Kind{"auth", "auth", false},
};

void append_list(std::string& out, const Kind& kind, const std::vector<StatusObject>& objects) {
  out += '[';
  std::string_view separator;
  for (const StatusObject& object : objects) {
    if (object.kind != kind.object) continue;
    out += separator;
    append_json(out, object);
    separator = ",";
  }
  out += ']';
}

void append_member(std::string& out, const Kind& kind) {
  if (out.size() > 1) out += ',';
  append_json_string(out, kind.member);
  out += ':';
}

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

std::string status_json(const std::vector<StatusObject>& objects) {
  std::string out = "{";
  for (const Kind& kind : kKinds) {
    if (kind.is_list) {
      append_member(out, kind);
      append_list(out, kind, objects);
      continue;
    }
    for (const StatusObject& object : objects) {
      if (object.kind != kind.object) continue;
      append_member(out, kind);
      append_json(out, object);
    }
  }
  out += '}';
  return out;
}

}  // namespace shm
