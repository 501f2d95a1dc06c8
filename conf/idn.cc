// See idn.h.
#include "conf/idn.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "conf/scalar.h"

namespace conf {

std::optional<std::string> to_ascii_host(std::string_view name, std::string& error) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::ranges::all_of(name, is_ascii)) return to_lower(name);
  char* made = nullptr;
  const int result =
      ::idn2_to_ascii_8z(std::string(name).c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&::idn2_free)> owner(made, &::idn2_free);
  if (result == IDN2_OK) return std::string(made);
  error = ::idn2_strerror(result);
  return std::nullopt;
}

}  // namespace conf
