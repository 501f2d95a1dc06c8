// Many literals searched in one pass: which of them occur in a text, whatever the letter case.
//
// An automaton (Aho and Corasick's) with one table look-up for each byte of the text, however many
// literals there are. Owns the table; knows nothing of regular expressions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

class LiteralSet {
 public:
  // False when the table would be larger than kMostCells. The literals are in lower case (ASCII)
  // and not empty; they are numbered as they stand.
  bool compile(const std::vector<std::string>& literals);

  // Replaces `found` by the numbers of the literals that occur, each once, in no order.
  void search(std::string_view text, std::vector<int>& found);

  static constexpr std::size_t kMostCells = 16u << 20;  // of 4 bytes

 private:
  // Where a state's row begins in `next_`; the uppermost bit: a literal ends there.
  using Row = std::uint32_t;
  static constexpr Row kEnds = 1u << 31;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::size_t classify(const std::vector<std::string>& literals);
  void grow(const std::vector<std::string>& literals);
  void link();
  std::uint32_t state_of(Row row) const { return (row & ~kEnds) / classes_; }
  void report(std::uint32_t state, std::vector<int>& found);

  std::array<std::uint8_t, 256> class_of_{};  // bytes that no literal has are all of class 0
  std::uint32_t classes_ = 1;
  std::vector<Row> next_;               // state * classes_ + class
  std::vector<std::uint32_t> literal_;  // of each state: the one that ends there, or kNone
  std::vector<std::uint32_t> shorter_;  // of each state: the state of the next shorter literal
                                        // that ends at the same byte, or kNone
  std::vector<std::uint32_t> seen_;     // of each literal: the search that it was last found in
  std::uint32_t round_ = 0;
};

}  // namespace conf
