// A set of field names: single names, and families that begin with the same letters. Pure.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "worker/http/chars.h"

namespace worker::http {

struct NameList {
  std::span<const std::string_view> names;
  std::span<const std::string_view> families;  // prefixes: "if-" stands for If-Match, If-Range …

  bool contains(std::string_view name) const {
    const auto is_name = [name](std::string_view one) { return equal_ignoring_case(name, one); };
    const auto is_family = [name](std::string_view prefix) {
      return equal_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    return std::any_of(families.begin(), families.end(), is_family) ||
           std::any_of(names.begin(), names.end(), is_name);
  }
};

}  // namespace worker::http
