// Many literals searched in one pass: see literal_set.h.
#include "conf/literal_set.h"

#include <algorithm>

namespace conf {

namespace {

unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c - 'A' + 'a') : c;
}

}  // namespace

// Numbers the bytes that occur, upper case like lower case. Returns the largest number of states.
std::size_t LiteralSet::classify(const std::vector<std::string>& literals) {
  std::size_t most = 1;
  classes_ = 1;
  class_of_.fill(0);
  for (const std::string& literal : literals) {
    most += literal.size();
    for (const char c : literal) {
      std::uint8_t& number = class_of_[static_cast<unsigned char>(c)];
      if (number == 0) number = static_cast<std::uint8_t>(classes_++);
    }
  }
  for (unsigned c = 'A'; c <= 'Z'; ++c)
    class_of_[c] = class_of_[lower(static_cast<std::uint8_t>(c))];
  return most;
}

// Builds the tree of all literals. State 0 is its root.
void LiteralSet::grow(const std::vector<std::string>& literals) {
  next_.assign(classes_, 0);
  literal_.assign(1, kNone);
  for (std::uint32_t i = 0; i < literals.size(); ++i) {
    Row row = 0;
    for (const char c : literals[i]) {
      const std::size_t cell = row + class_of_[static_cast<unsigned char>(c)];
      if (next_[cell] == 0) {
        next_[cell] = static_cast<Row>(next_.size());
        next_.resize(next_.size() + classes_, 0);
        literal_.push_back(kNone);
      }
      row = next_[cell];
    }
    literal_[state_of(row)] = i;
  }
}

// Breadth first. Where the tree has no edge, a state continues like the state of its longest proper
// suffix, which is less deep and therefore complete already.
void LiteralSet::link() {
  const std::size_t states = literal_.size();
  std::vector<std::uint32_t> suffix(states, 0);
  std::vector<std::uint32_t> order{0};
  shorter_.assign(states, kNone);
  order.reserve(states);
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::uint32_t state = order[at];
    for (std::uint32_t c = 0; c < classes_; ++c) {
      Row& way = next_[state * classes_ + c];
      const Row other = state == 0 ? 0 : next_[suffix[state] * classes_ + c];
      if (way == 0) {
        way = other;
        continue;
      }
      const std::uint32_t child = state_of(way);
      suffix[child] = state_of(other);
      shorter_[child] = literal_[suffix[child]] != kNone ? suffix[child] : shorter_[suffix[child]];
      order.push_back(child);
      if (literal_[child] != kNone || shorter_[child] != kNone) way |= kEnds;
    }
  }
}

bool LiteralSet::compile(const std::vector<std::string>& literals) {
  const std::size_t most_states = classify(literals);
  if (classes_ > 255 || most_states > kMostCells / classes_) return false;
  grow(literals);
  link();
  seen_.assign(literals.size(), 0);
  return true;
}

void LiteralSet::report(std::uint32_t state, std::vector<int>& found) {
  if (literal_[state] == kNone) state = shorter_[state];
  for (; state != kNone; state = shorter_[state]) {
    std::uint32_t& seen = seen_[literal_[state]];
    if (seen == round_) continue;
    seen = round_;
    found.push_back(static_cast<int>(literal_[state]));
  }
}

void LiteralSet::search(std::string_view text, std::vector<int>& found) {
  found.clear();
  ++round_;
  Row row = 0;
  for (const char c : text) {
    row = next_[(row & ~kEnds) + class_of_[static_cast<unsigned char>(c)]];
    if ((row & kEnds) != 0) report(state_of(row), found);
  }
}

}  // namespace conf
