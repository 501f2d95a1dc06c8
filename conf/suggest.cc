// "Did you mean": see suggest.h.
//
// The distance is the number of letters to insert, drop, change or swap with their neighbour. Looks
// at the first kMaxCandidates names, and only at those of at most kMaxLength bytes.
#include "conf/suggest.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMaxLength = 64;
constexpr std::size_t kMaxCandidates = 10'000;
constexpr std::size_t kShortestPrefix = 3;  // `Cert` suggests `Certificates`

using Row = std::array<std::size_t, kMaxLength + 1>;

// The distance, or limit + 1 when it exceeds `limit`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = to_lower(a[i - 1]);
      const char y = to_lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == to_lower(b[j - 2]) && y == to_lower(a[i - 2])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
  }
  return row[b.size()];
}

std::size_t tolerance(std::size_t length) { return length <= 4 ? 1 : length <= 8 ? 2 : 3; }

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kMaxLength) return {};
  candidates = candidates.first(std::min(candidates.size(), kMaxCandidates));
  std::string_view best;
  std::size_t limit = tolerance(word.size());
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kMaxLength) continue;
    const std::size_t mistakes = distance(word, candidate, limit);
    // A name with every letter changed is another name.
    if (mistakes > limit || mistakes >= candidate.size() || mistakes >= word.size()) continue;
    best = candidate;
    if (mistakes == 0) break;
    limit = mistakes - 1;
  }
  if (!best.empty() || word.size() < kShortestPrefix) return best;
  const auto longer = std::find_if(candidates.begin(), candidates.end(), [&](auto candidate) {
    return equal_ignoring_case(candidate.substr(0, word.size()), word);
  });
  return longer == candidates.end() ? std::string_view{} : *longer;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view mark) {
  const std::string_view found = nearest(word, candidates);
  if (found.empty()) return "";
  return "; did you mean `" + std::string(mark) + shown(found) + "`?";
}

}  // namespace conf
