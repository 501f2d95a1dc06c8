// The values of variables in a text of the configuration.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "conf/template.h"

namespace worker::route {

// Of one request. What is not known is empty.
struct TemplateValues {
  std::string_view host = {};
  std::string_view path = {};
  std::string_view query = {};
  std::string_view client = {};
  std::string_view proto = {};
  std::string_view request_id = {};
  std::string_view backend = {};
  std::span<const std::string_view> groups = {};  // $1 first
};

// Sets `path` and `query`.
void split_target(std::string_view path_query, TemplateValues& values);

// Appends the text. False when it has more than `most` bytes or a value has a control byte; then
// `out` has a part of it.
bool append_template(const conf::Template& text, const TemplateValues& values, std::size_t most,
                     std::string& out);

}  // namespace worker::route
