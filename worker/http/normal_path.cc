// Normal forms, one segment after the other: see normal_path.h.
#include "worker/http/normal_path.h"

#include <algorithm>
#include <cstddef>

#include "worker/http/percent.h"

namespace worker::http {
namespace {

bool is_separator(char c) { return c == '/' || c == '\\'; }

char upper_digit(char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; }

// False only for a path that is not changed by normalising, so that most paths cost one look.
bool may_change(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '%' || c == ';' || c == '\\') return true;
    if (c == '/' && i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) return true;
  }
  return false;
}

// Builds the normal form in `out`, which always ends in the slash that begins a segment, or in an
// unfinished segment.
class PathWriter {
 public:
  explicit PathWriter(std::string& out) : out_(out) {
    out_.clear();
    out_ += '/';
  }

  void add(char c) { out_ += c; }

  void add_escape(char high, char low) {
    out_ += '%';
    out_ += upper_digit(high);
    out_ += upper_digit(low);
  }

  // Whether `c` would complete an escape that a '%' before it did not begin.
  bool completes_escape(char c) const {
    if (!is(c, kHexChar)) return false;
    return out_.back() == '%' || (out_.size() > 1 && out_[out_.size() - 2] == '%');
  }

  void end_segment(bool is_last) {
    const std::string_view segment = std::string_view(out_).substr(begin_);
    if (segment == "..") {
      out_.resize(begin_);
      if (begin_ > 1) out_.resize(out_.rfind('/', begin_ - 2) + 1);
    } else if (segment == ".") {
      out_.resize(begin_);
    } else if (!segment.empty() && !is_last) {
      out_ += '/';
    }
    begin_ = out_.size();
  }

 private:
  std::string& out_;
  std::size_t begin_ = 1;  // of the current segment
};

// `path` begins with a slash.
void write_normal(std::string_view path, std::string& out) {
  PathWriter writer(out);
  bool in_parameters = false;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const bool escape = is_escape(path, i);
    const char c = escape ? unescaped(path, i) : path[i];
    if (is_separator(c)) {
      writer.end_segment(false);
      in_parameters = false;
    } else if (!escape && c == ';') {
      in_parameters = true;
    } else if (in_parameters) {
      // Dropped.
    } else if (escape) {
      const bool stays = c <= ' ' || c >= 0x7f || c == '%' || c == ';' || c == '?' || c == '#' ||
                         writer.completes_escape(c);
      if (stays) {
        writer.add_escape(path[i + 1], path[i + 2]);
      } else {
        writer.add(c);
      }
    } else {
      writer.add(c);
    }
    if (escape) i += 2;
  }
  writer.end_segment(true);
}

}  // namespace

std::string_view normal_path_query(std::string_view path_query, std::string& scratch) {
  if (!path_query.starts_with('/')) return path_query;
  const std::string_view path = path_query.substr(0, path_query.find('?'));
  if (!may_change(path)) return path_query;
  write_normal(path, scratch);
  if (scratch == path) return path_query;
  scratch.append(path_query.substr(path.size()));
  return scratch;
}

}  // namespace worker::http
