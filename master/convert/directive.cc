// See directive.h.
#include "master/convert/directive.h"

#include <algorithm>

namespace master::convert {
namespace {

constexpr std::size_t kMostShown = 200;

}  // namespace

const std::string& Directive::argument(std::size_t index) const {
  static const std::string kNone;
  return index + 1 < words.size() ? words[index + 1].text : kNone;
}

std::string Directive::text() const {
  std::string out;
  for (const Word& word : words) {
    if (!out.empty()) out += ' ';
    out += word.is_quoted ? '"' + word.text + '"' : word.text;
    if (out.size() > kMostShown) break;
  }
  if (out.size() <= kMostShown) return comment_text(out);
  return comment_text(out.substr(0, kMostShown)) + "...";
}

void Directive::judge(Fate now, std::string_view reason) {
  fate = std::max(fate, now);
  if (reason.empty() || why.find(reason) != std::string::npos) return;
  if (!why.empty()) why += "; ";
  why += reason;
}

}  // namespace master::convert
