// Variables of the environment in a value: see environment.h.
#include "conf/environment.h"

#include <algorithm>

#include "conf/diagnostic.h"
#include "conf/load_template.h"
#include "conf/scalar.h"
#include "conf/utf8.h"

namespace conf {

namespace {

constexpr std::string_view kOpen = "${";
constexpr std::string_view kEscaped = "$${";
constexpr std::string_view kDefault = ":-";

struct Reference {
  std::string_view name;
  std::optional<std::string_view> fallback;
  std::size_t size = 0;  // of the whole, from `${` to `}`
};

bool is_name(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

// The variable that `text` begins with.
std::optional<Reference> variable_at(std::string_view text) {
  if (!text.starts_with(kOpen)) return std::nullopt;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(kOpen.size(), end - kOpen.size());
  const std::size_t sign = inside.find(kDefault);
  Reference variable{inside.substr(0, sign), std::nullopt, end + 1};
  if (!is_name(variable.name) || is_variable_name(variable.name)) return std::nullopt;
  if (sign != std::string_view::npos) variable.fallback = inside.substr(sign + kDefault.size());
  return variable;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    char32_t character = 0;
    const std::size_t length = decode_utf8(text, character);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> value_of(const Reference& variable, const FindVariable& find,
                                    std::string& error) {
  std::optional<std::string> value = find(std::string(variable.name));
  if (variable.fallback && (!value || value->empty())) return std::string(*variable.fallback);
  const std::string name = shown(variable.name);
  if (!value) {
    error =
        "the environment variable `" + name + "` is not set; `${" + name + ":-text}` has a default";
  } else if (!is_utf8(*value)) {
    error = "the value of the environment variable `" + name + "` is not UTF-8";
    value.reset();
  }
  return value;
}

// The size of `$${NAME}` or `$${NAME:-default}` at the beginning of `text`; 0 if it is none.
std::size_t escaped_size(std::string_view text) {
  if (!text.starts_with(kEscaped)) return 0;
  const std::optional<Reference> variable = variable_at(text.substr(1));
  return variable ? 1 + variable->size : 0;
}

}  // namespace

bool may_have_variables(std::string_view text) { return text.find(kOpen) != text.npos; }

std::optional<std::string> expand(std::string_view text, const FindVariable& find, std::size_t most,
                                  std::string& error) {
  std::string out;
  while (!text.empty()) {
    if (const std::size_t size = escaped_size(text); size != 0) {
      out += text.substr(1, size - 1);
      text.remove_prefix(size);
    } else if (const std::optional<Reference> variable = variable_at(text)) {
      const std::optional<std::string> value = value_of(*variable, find, error);
      if (!value) return std::nullopt;
      out += *value;
      text.remove_prefix(variable->size);
    } else {
      const std::size_t end = std::min(text.find('$', 1), text.size());
      out += text.substr(0, end);
      text.remove_prefix(end);
    }
    if (out.size() <= most) continue;
    error = "more than " + std::to_string(most) + " bytes, with the values of variables";
    return std::nullopt;
  }
  return out;
}

}  // namespace conf
