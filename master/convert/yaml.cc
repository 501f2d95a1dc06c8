// See yaml.h.
#include "master/convert/yaml.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "conf/scalar.h"
#include "conf/utf8.h"
#include "master/convert/lexer.h"

namespace master::convert {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidth = 88;  // of remarks

// Whether YAML takes the text for a text, without quotes and wherever it stands.
bool is_bare(std::string_view text) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"null", "true", "false", "yes", "no", "on", "off", "y", "n"});
  if (text.empty()) return false;
  const bool is_address = std::ranges::count(text, '.') >= 2 &&
                          text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_address) return true;
  if (!(conf::is_letter_or_digit(text.front()) || text.front() == '/') ||
      conf::is_digit(text.front())) {
    return false;
  }
  const auto is_harmless = [](char c) {
    return conf::is_letter_or_digit(c) || c == '/' || c == '.' || c == '_' || c == '-';
  };
  return std::ranges::all_of(text, is_harmless) &&
         std::ranges::find(kWords, conf::to_lower(text)) == kWords.end();
}

// With escapes for all that is not printable.
std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    char32_t character = 0;
    const std::size_t length = conf::decode_utf8(text.substr(at), character);
    const char c = text[at];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (length != 0 && conf::is_printable(character)) {
      out += text.substr(at, length);
    } else {
      std::array<char, 12> escape{};
      std::snprintf(escape.data(), escape.size(), "\\U%08x", static_cast<unsigned>(character));
      out += escape.data();
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out + '"';
}

std::string quoted(std::string_view text) {
  bool is_printable = true;
  for (std::string_view rest = text; !rest.empty();) {
    char32_t character = 0;
    const std::size_t length = conf::decode_utf8(rest, character);
    is_printable = is_printable && length != 0 && conf::is_printable(character);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (!is_printable) return in_double_quotes(text);
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + '\'';
}

std::string text_of(const std::string& text) { return is_bare(text) ? text : quoted(text); }

}  // namespace

Yaml Yaml::text(std::string_view value) {
  Yaml made;
  made.value_ = value;
  return made;
}

Yaml Yaml::plain(std::string_view value) {
  Yaml made = text(value);
  made.kind_ = Kind::plain;
  return made;
}

Yaml Yaml::number(std::size_t value) { return plain(std::to_string(value)); }

Yaml Yaml::alias(std::string_view anchor) {
  Yaml made = text(anchor);
  made.kind_ = Kind::alias;
  return made;
}

Yaml Yaml::list() {
  Yaml made;
  made.kind_ = Kind::list;
  return made;
}

Yaml Yaml::mapping() {
  Yaml made;
  made.kind_ = Kind::mapping;
  return made;
}

Yaml Yaml::texts(const std::vector<std::string>& values) {
  if (values.size() == 1) return text(values.front());
  Yaml made = list();
  made.is_short = values.empty();
  for (const std::string& value : values) made.add("", text(value));
  return made;
}

Entry& Yaml::add(std::string_view key, Yaml value) {
  entries_.push_back({std::string(key), std::move(value), std::move(waiting_)});
  waiting_.clear();
  return entries_.back();
}

Yaml* Yaml::find(std::string_view key) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &found->value;
}

void Yaml::remark(std::string_view text) {
  for (const std::string& line : wrap(text, kWidth)) waiting_.push_back(' ' + line);
}

// Each line begins with a prefix; inside something disabled it contains `# `.
class YamlWriter {
 public:
  // `is_begun`: the first line goes on behind the hyphen of an item.
  void write_mapping(const Yaml& node, const std::string& prefix, bool is_begun) {
    for (const Entry& entry : node.entries_) {
      write_comments(entry.comments, prefix);
      if (!is_begun) out_ += prefix;
      is_begun = false;
      out_ += text_of(entry.key) + ":";
      write_value(entry.value, prefix);
    }
    write_comments(node.waiting_, prefix);
  }

  std::string take() { return std::move(out_); }

 private:
  void write_comments(const std::vector<std::string>& comments, const std::string& prefix) {
    for (const std::string& comment : comments) {
      out_.append(prefix).append("#").append(comment).append("\n");
    }
  }

  void write_value(const Yaml& node, const std::string& prefix) {
    if (!node.anchor.empty()) out_ += " &" + node.anchor;
    const bool is_block = !node.is_short && !node.empty();
    if (node.kind_ == Yaml::Kind::mapping && is_block) {
      out_ += '\n';
      write_mapping(node, prefix + std::string(kIndent, ' '), false);
    } else if (node.kind_ == Yaml::Kind::list && is_block) {
      out_ += '\n';
      write_list(node, prefix + std::string(kIndent, ' '));
    } else {
      out_ += ' ' + in_one_line(node) + '\n';
      write_comments(node.waiting_, prefix + std::string(kIndent, ' '));
    }
  }

  void write_list(const Yaml& node, const std::string& prefix) {
    for (const Entry& entry : node.entries_) {
      write_comments(entry.comments, prefix);
      const std::string here = entry.is_disabled ? prefix + "# " : prefix;
      out_ += here + '-';
      const Yaml& item = entry.value;
      if (item.kind_ == Yaml::Kind::mapping && !item.is_short && !item.empty()) {
        write_item(item, here + std::string(kIndent, ' '));
      } else {
        write_value(item, here);
      }
    }
    write_comments(node.waiting_, prefix);
  }

  void write_item(const Yaml& item, const std::string& prefix) {
    if (!item.anchor.empty()) {
      out_ += " &" + item.anchor + '\n';
      return write_mapping(item, prefix, false);
    }
    const bool has_comment = !item.entries_.front().comments.empty();
    out_ += has_comment ? "\n" : " ";
    write_mapping(item, prefix, !has_comment);
  }

  static std::string in_one_line(const Yaml& node) {
    switch (node.kind_) {
      case Yaml::Kind::text:
        return text_of(node.value_);
      case Yaml::Kind::plain:
        return node.value_;
      case Yaml::Kind::alias:
        return '*' + node.value_;
      case Yaml::Kind::list:
      case Yaml::Kind::mapping:
        break;
    }
    const bool is_list = node.kind_ == Yaml::Kind::list;
    std::string out(1, is_list ? '[' : '{');
    for (const Entry& entry : node.entries_) {
      if (out.size() > 1) out += ", ";
      if (!is_list) out += text_of(entry.key) + ": ";
      out += in_one_line(entry.value);
    }
    return out + (is_list ? ']' : '}');
  }

  std::string out_;
};

std::string write_yaml(const Yaml& mapping) {
  YamlWriter writer;
  writer.write_mapping(mapping, "", false);
  return writer.take();
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (text.size() > width) {
    std::size_t cut = text.rfind(' ', width);
    if (cut == std::string_view::npos || cut == 0) cut = text.find(' ', 1);
    if (cut == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut + 1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace master::convert
