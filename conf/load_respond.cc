// See load_respond.h.
//
// A service that responds does nothing else, so keys about backends are refused beside it.
#include "conf/load_respond.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "conf/exclusive.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// A response with this code must have a field that Respond does not send (RFC 9110 15).
struct Unable {
  int code;
  std::string_view field;
  std::string_view instead = {};
};
constexpr auto kUnable = std::to_array<Unable>({
    {206, "Content-Range"},
    {301, "Location", "Redirect"},
    {302, "Location", "Redirect"},
    {303, "Location", "Redirect"},
    {307, "Location", "Redirect"},
    {308, "Location", "Redirect"},
    {401, "WWW-Authenticate", "Auth"},
    {405, "Allow"},
    {407, "Proxy-Authenticate"},
    {426, "Upgrade"},
});

struct KnownType {
  std::string_view extension;
  std::string_view type;
};
constexpr auto kKnownTypes = std::to_array<KnownType>({
    {"html", "text/html; charset=utf-8"},
    {"txt", kTextType},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"ico", "image/x-icon"},
});

std::string type_by_name(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  const std::string_view extension = dot == name.npos ? "" : name.substr(dot + 1);
  for (const KnownType& known : kKnownTypes) {
    if (equal_ignoring_case(known.extension, extension)) return std::string(known.type);
  }
  return "application/octet-stream";
}

// "text/html", perhaps with parameters: printable ASCII.
bool is_media_type(std::string_view text) {
  const std::string_view essence = text.substr(0, text.find_first_of("; "));
  const std::size_t slash = essence.find('/');
  if (slash == essence.npos) return false;
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  return is_token(essence.substr(0, slash)) && is_token(essence.substr(slash + 1)) &&
         std::ranges::all_of(text, is_printable) && text.back() != ' ';
}

void judge_code(int code, const Position& where, Diagnostics& diagnostics) {
  const auto found = std::ranges::find(kUnable, code, &Unable::code);
  if (found == kUnable.end()) return;
  std::string message = "a response with the code " + std::to_string(code) + " needs the field " +
                        std::string(found->field) + ", which `Respond` does not send";
  if (!found->instead.empty()) message += "; use `" + std::string(found->instead) + "`";
  diagnostics.error(where, std::move(message));
}

// RFC 9110: a response with one of these codes has no content.
bool has_no_content(int code) { return code == 204 || code == 205 || code == 304; }

void judge_keys(const Section& section, int code, Diagnostics& diagnostics) {
  const Section::Member* const body = section.find("Body");
  const Section::Member* const file = section.find("File");
  const Section::Member* const type = section.find("Type");
  for (const Section::Member* const member : {body, file, type}) {
    if (member == nullptr || !has_no_content(code)) continue;
    diagnostics.error(member->value->where, "a response with the code " + std::to_string(code) +
                                                " has no content, so it takes no `" +
                                                std::string(member->key->name) + "`");
  }
  if (body != nullptr && file != nullptr) {
    diagnostics.error(file->value->where, "`Respond` has `Body` or `File`, not both");
    diagnostics.note(body->value->where, "this is its `Body`");
  }
  if (type == nullptr) return;
  if (!is_media_type(type->value->text)) {
    diagnostics.error(type->value->where, "`Type` is " + describe(*type->value) + ", expected " +
                                              expectation(*type->key));
  }
  if (body != nullptr || file != nullptr || has_no_content(code)) return;
  if (!section.reported("Body") && !section.reported("File")) {
    diagnostics.error(type->value->where, "`Type` needs `Body` or `File`");
  }
}

Respond load_mapping(const Node& node, Diagnostics& diagnostics) {
  const Section section(respond_schema(), node, diagnostics);
  Respond made;
  if (const Section::Member* const code = section.find("Code")) {
    made.code = static_cast<int>(code->number);
    judge_code(made.code, code->value->where, diagnostics);
  }
  judge_keys(section, made.code, diagnostics);
  if (const Section::Member* const body = section.find("Body")) {
    made.body = body->value->text;
    made.type = kTextType;
  }
  if (const Section::Member* const file = section.find("File")) {
    made.file = {file->value->text, file->value->where};
    made.type = type_by_name(file->value->text);
  }
  if (const Section::Member* const type = section.find("Type")) made.type = type->value->text;
  return made;
}

}  // namespace

std::optional<Respond> load_respond(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* const member = service.find("Respond");
  if (member == nullptr) return std::nullopt;
  refuse_beside(service, "Respond",
                {"Backends", "Emergency", "Balance", "HashKey", "Redirect", "Serve", "Session",
                 "Queue", "Retry", "Rewrite", "Request"},
                diagnostics);
  const Node& value = *member->value;
  Respond made;
  if (value.is(Node::Kind::mapping)) {
    made = load_mapping(value, diagnostics);
  } else {
    made.code = static_cast<int>(member->number);
    judge_code(made.code, value.where, diagnostics);
  }
  made.where = value.where;
  return made;
}

}  // namespace conf
