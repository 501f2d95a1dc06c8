// See wait_option.h.
#include "master/control/wait_option.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "master/control/reply.h"

namespace master::control {
namespace {

constexpr std::string_view kWait = "--wait";
constexpr std::uint64_t kMostPatience = 604'800;  // seconds: a week

std::optional<std::uint64_t> seconds_of(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error != std::errc() || value == 0 || value > kMostPatience) {
    throw Misused("--wait takes 1 to " + std::to_string(kMostPatience) + " seconds");
  }
  return value;
}

}  // namespace

WaitOption take_wait(std::vector<std::string>& arguments) {
  WaitOption wait;
  const auto found = std::ranges::find(arguments, kWait);
  if (found == arguments.end()) return wait;
  wait.is_asked = true;
  auto end = found + 1;
  if (end != arguments.end()) wait.patience_s = seconds_of(*end);
  if (wait.patience_s) ++end;
  arguments.erase(found, end);
  return wait;
}

}  // namespace master::control
