// See template.h.
#include "worker/route/template.h"

#include <algorithm>

#include "worker/http/chars.h"

namespace worker::route {

namespace {

std::string_view value_of(const conf::TemplatePart& part, const TemplateValues& values) {
  switch (part.variable) {
    case conf::Variable::none:
      break;
    case conf::Variable::host:
      return values.host;
    case conf::Variable::path:
      return values.path;
    case conf::Variable::query:
      return values.query;
    case conf::Variable::client:
      return values.client;
    case conf::Variable::proto:
      return values.proto;
    case conf::Variable::request_id:
      return values.request_id;
    case conf::Variable::backend:
      return values.backend;
    case conf::Variable::capture:
      if (part.capture <= values.groups.size()) return values.groups[part.capture - 1];
      break;
  }
  return {};
}

}  // namespace

void split_target(std::string_view path_query, TemplateValues& values) {
  const std::size_t mark = path_query.find('?');
  values.path = path_query.substr(0, mark);
  values.query = mark == std::string_view::npos ? std::string_view() : path_query.substr(mark + 1);
}

bool append_template(const conf::Template& text, const TemplateValues& values, std::size_t most,
                     std::string& out) {
  const std::size_t begin = out.size();
  for (const conf::TemplatePart& part : text.parts) {
    const std::string_view value = value_of(part, values);
    const bool is_clean =
        std::ranges::all_of(value, [](char c) { return http::is(c, http::kValueChar); });
    if (!is_clean || out.size() - begin + part.text.size() + value.size() > most) return false;
    out.append(part.text).append(value);
  }
  return true;
}

}  // namespace worker::route
