// How doctest shows a list of texts.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& one : list) text += "\n    " + one;
    return text.c_str();
  }
};
}  // namespace doctest
