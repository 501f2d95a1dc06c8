// Fuzzes the choice of a coding by Accept-Encoding.
//
// The input is values of the field, one per line. Properties: the choice is one of the offers; a
// coding whose name is not in the field, where there is no `*` either, is never chosen; the order
// of the values changes nothing; a refusal behind them (`;q=0`) always counts; an only coding is
// chosen if and only if it is acceptable; the weights of one coding do not depend on others.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http/chars.h"
#include "worker/http/content_coding.h"

using namespace worker::http;

namespace {

constexpr std::array<std::string_view, 3> kOffers{"zstd", "br", "gzip"};
constexpr std::string_view kName = "Accept-Encoding";

std::vector<std::string> values_of(std::string_view bytes) {
  std::vector<std::string> values;
  while (!bytes.empty() && values.size() < kMaxFields - 1) {
    const std::size_t end = bytes.find('\n');
    const std::string_view value = bytes.substr(0, end);
    const bool is_value =
        std::all_of(value.begin(), value.end(), [](char c) { return is(c, kValueChar); });
    if (is_value) values.emplace_back(trim(value));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return values;
}

std::optional<std::size_t> choose(const std::vector<std::string>& values,
                                  std::span<const std::string_view> offers = std::span(kOffers)) {
  HeaderList fields;
  fields.clear();
  for (const std::string& value : values) fields.add({kName, value, field_id(kName), true});
  return choose_coding(fields, offers);
}

bool names(const std::vector<std::string>& values, std::string_view name) {
  return std::any_of(values.begin(), values.end(), [name](std::string value) {
    std::transform(value.begin(), value.end(), value.begin(), lower);
    return value.find(name) != std::string::npos;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> values = values_of({reinterpret_cast<const char*>(data), size});
  const std::optional<std::size_t> choice = choose(values);
  if (choice && *choice >= kOffers.size()) std::abort();
  if (choice && !names(values, kOffers[*choice]) && !names(values, "*")) std::abort();
  // Alone, the coding is chosen as well; and if it is none, no coding is chosen alone.
  for (std::size_t i = 0; i < kOffers.size(); ++i) {
    const bool alone = choose(values, std::span(kOffers).subspan(i, 1)).has_value();
    if (choice == i && !alone) std::abort();
    if (!choice && alone) std::abort();
  }
  std::reverse(values.begin(), values.end());
  if (choose(values) != choice) std::abort();
  if (!choice) return 0;
  values.push_back(std::string(kOffers[*choice]) + ";q=0");
  if (choose(values) == choice) std::abort();
  return 0;
}
