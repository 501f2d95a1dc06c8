// Basic authentication: see basic.h.
#include "worker/http/basic.h"

#include <algorithm>

#include "worker/http/base64.h"
#include "worker/http/chars.h"

namespace worker::http {
namespace {

using State = BasicCredentials::State;

constexpr std::size_t kMostDecoded = kMaxUser + 1 + kMaxPassword;
constexpr std::size_t kMostEncoded = (kMostDecoded + 2) / 3 * 4;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

BasicCredentials basic_credentials(const HeaderList& fields, std::string& scratch) {
  const Field* const field = fields.find(FieldId::authorization);
  if (field == nullptr) return {};
  const std::size_t space = std::min(field->value.find(' '), field->value.size());
  if (!equal_ignoring_case(field->value.substr(0, space), "basic")) return {};
  BasicCredentials found{.state = State::bad};
  // A backend might read another field than we do.
  if (fields.count(FieldId::authorization) != 1) return found;
  const std::string_view encoded = trim(field->value.substr(space));
  if (encoded.size() > kMostEncoded) return found;
  // Reserved at once, so that no copy of a password stays behind.
  scratch.clear();
  scratch.reserve(kMostDecoded + 2);
  const bool is_base64 = decode_base64(encoded, [&](char c) { scratch.push_back(c); });
  const std::string_view text = scratch;
  const std::size_t colon = text.find(':');
  if (!is_base64 || colon == text.npos) return found;
  if (std::any_of(text.begin(), text.end(), is_control)) return found;
  if (colon > kMaxUser || text.size() - colon - 1 > kMaxPassword) return found;
  return {State::good, text.substr(0, colon), text.substr(colon + 1)};
}

std::string basic_challenge(std::string_view realm) {
  std::string value = "Basic realm=\"";
  for (const char c : realm) {
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  return value += "\", charset=\"UTF-8\"";
}

}  // namespace worker::http
