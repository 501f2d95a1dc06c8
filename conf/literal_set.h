// Many literals searched in one pass: which of them occur in a text, in either letter case.
//
// An Aho-Corasick automaton: one table look-up for each byte of the text, for any number of
// literals. Owns the table; knows nothing of regular expressions.
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
  // False when the table would be larger than kMostCells. The literals must be in lower case
  // (ASCII) and not empty. Their numbers are their indices.
  bool compile(const std::vector<std::string>& literals);

  // Replaces `found` with the numbers of the literals that occur, each once, in no order.
  void search(std::string_view text, std::vector<int>& found);

  static constexpr std::size_t kMostCells = 16u << 20;  // of 4 bytes

 private:
  // The index in `next_` where the row of a state begins. The top bit says that a literal ends
  // there.
  using Row = std::uint32_t;
  static constexpr Row kEnds = 1u << 31;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::size_t classify(const std::vector<std::string>& literals);
  void grow(const std::vector<std::string>& literals);
  void link();
  std::uint32_t state_of(Row row) const { return (row & ~kEnds) / classes_; }
  void report(std::uint32_t state, std::vector<int>& found);

  std::array<std::uint8_t, 256> class_of_{};  // class 0 is for all bytes that no literal contains
  std::uint32_t classes_ = 1;
  std::vector<Row> next_;               // state * classes_ + class
  std::vector<std::uint32_t> literal_;  // of each state: the literal that ends there, or kNone
  std::vector<std::uint32_t> shorter_;  // of each state: the state of the next shorter literal
                                        // that ends at the same byte, or kNone
  std::vector<std::uint32_t> seen_;     // of each literal: the search that last found it
  std::uint32_t round_ = 0;
};

}  // namespace conf
