// A reader of dictionaries of RFC 8941 that keeps two of their members: see priority_field.h.
#include "worker/http2/priority_field.h"

#include <cstddef>

#include "worker/http/chars.h"

namespace worker::http2 {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(http::lower(c)); }

// A bare item. Only integers and booleans are of interest.
struct Item {
  enum class Kind : unsigned char { integer, boolean, other };
  Kind kind = Kind::other;
  int number = 0;  // of an integer from 0 to 7, else -1; of a boolean 0 or 1
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // Calls visit(key, item) for each member. Returns false when the text is malformed.
  template <typename Visit>
  bool read_dictionary(Visit visit) {
    skip(' ');
    while (!text_.empty()) {
      std::string_view key;
      Item item{Item::Kind::boolean, 1};
      if (!read_key(key)) return false;
      if (take('=') && !read_member(item)) return false;
      if (!read_parameters()) return false;
      visit(key, item);
      skip_blanks();
      if (text_.empty()) return true;
      if (!take(',')) return false;
      skip_blanks();
      if (text_.empty()) return false;
    }
    return true;
  }

 private:
  bool next_is(char c) const { return !text_.empty() && text_.front() == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip(char c) {
    while (take(c)) {
    }
  }
  void skip_blanks() {
    while (!text_.empty() && http::is_blank(text_.front())) text_.remove_prefix(1);
  }
  // Takes the longest beginning of which all bytes have the property.
  template <typename Is>
  std::string_view take_while(Is is) {
    std::size_t size = 0;
    while (size < text_.size() && is(text_[size])) ++size;
    const std::string_view taken = text_.substr(0, size);
    text_.remove_prefix(size);
    return taken;
  }

  bool read_key(std::string_view& key) {
    if (text_.empty() || (!is_lower(text_.front()) && text_.front() != '*')) return false;
    key = take_while([](char c) {
      return is_lower(c) || http::is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
    });
    return true;
  }

  bool read_parameters() {
    while (take(';')) {
      skip(' ');
      std::string_view key;
      Item item;
      if (!read_key(key)) return false;
      if (take('=') && !read_item(item)) return false;
    }
    return true;
  }

  // An item, or a list of items in parentheses.
  bool read_member(Item& item) {
    if (!take('(')) return read_item(item);
    item = {};
    while (true) {
      skip(' ');
      if (take(')')) return true;
      Item inner;
      if (!read_item(inner) || !read_parameters()) return false;
      if (!next_is(' ') && !next_is(')')) return false;
    }
  }

  bool read_item(Item& item) {
    if (text_.empty()) return false;
    const char first = text_.front();
    if (first == '-' || http::is_digit(first)) return read_number(item);
    item = {};
    if (take('?')) return read_boolean(item);
    if (take('"')) return read_string();
    if (take(':')) {
      take_while([](char c) {
        return is_alpha(c) || http::is_digit(c) || c == '+' || c == '/' || c == '=';
      });
      return take(':');
    }
    if (!is_alpha(first) && first != '*') return false;
    take_while([](char c) { return http::is(c, http::kTokenChar) || c == ':' || c == '/'; });
    return true;
  }

  bool read_number(Item& item) {
    const bool is_negative = take('-');
    const std::string_view whole = take_while(http::is_digit);
    if (whole.empty() || whole.size() > 15) return false;
    if (take('.')) {
      const std::string_view fraction = take_while(http::is_digit);
      item = {};
      return whole.size() <= 12 && !fraction.empty() && fraction.size() <= 3;
    }
    int number = 0;
    for (const char c : whole) number = number <= kLowestUrgency ? number * 10 + (c - '0') : number;
    const bool is_small = number <= kLowestUrgency && (!is_negative || number == 0);
    item = {Item::Kind::integer, is_small ? number : -1};
    return true;
  }

  bool read_boolean(Item& item) {
    const bool value = next_is('1');
    item = {Item::Kind::boolean, value ? 1 : 0};
    return take('0') || take('1');
  }

  bool read_string() {
    while (!text_.empty()) {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !take('"') && !take('\\')) return false;
      if (c < ' ' || c > '~') return false;
    }
    return false;
  }

  std::string_view text_;
};

}  // namespace

bool parse_priority_field(std::string_view value, int& urgency, bool& incremental) {
  urgency = kDefaultUrgency;
  incremental = false;
  const bool is_good = Reader(value).read_dictionary([&](std::string_view key, const Item& item) {
    if (key == "u") {
      const bool is_valid = item.kind == Item::Kind::integer && item.number >= 0;
      urgency = is_valid ? item.number : kDefaultUrgency;
    } else if (key == "i") {
      incremental = item.kind == Item::Kind::boolean && item.number == 1;
    }
  });
  if (is_good) return true;
  urgency = kDefaultUrgency;
  incremental = false;
  return false;
}

}  // namespace worker::http2
