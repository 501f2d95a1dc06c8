// See parser.h.
#include "master/convert/parser.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "conf/diagnostic.h"
#include "conf/file.h"
#include "conf/scalar.h"
#include "conf/source_text.h"

namespace master::convert {
namespace {

constexpr auto kSections =
    std::to_array<std::string_view>({"listenhttp", "listenhttps", "service", "backend", "emergency",
                                     "session", "match", "rewrite", "combineheaders", "resolver"});
// These are sections only without an argument.
constexpr auto kSectionsIfBare =
    std::to_array<std::string_view>({"acl", "trustedip", "control", "auth"});

template <typename Names>
bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool opens_section(const std::vector<Word>& words, bool is_top) {
  std::size_t at = 0;
  while (at + 1 < words.size() && conf::to_lower(words[at].text) == "not") ++at;
  if (words[at].is_quoted) return false;
  const std::string name = conf::to_lower(words[at].text);
  if (has(kSections, name)) return true;
  if (name == "acl" && is_top) return true;
  return has(kSectionsIfBare, name) && at + 1 == words.size();
}

std::string at(const std::string& file, std::size_t line, std::size_t column) {
  return conf::shown(file) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

class Parser {
 public:
  explicit Parser(bool includes) : includes_(includes) {}

  void read_file(const std::string& path) {
    conf::FileError error;
    const std::optional<std::string> text = conf::read_file(path, kMaxFileBytes, error);
    if (!text) throw ParseError(conf::shown(path) + ": " + error.text());
    read_text(path, *text);
  }

  void read_text(const std::string& name, std::string_view text) {
    count_file(name, text.size());
    open_files_.push_back(name);
    std::string_view rest = conf::without_byte_order_mark(text);
    for (std::size_t line = 1; !rest.empty(); ++line) {
      read_line(name, line, conf::take_line(rest));
    }
    open_files_.pop_back();
  }

  Source finish() {
    if (!open_sections_.empty()) {
      const Directive& section = open_sections_.back();
      throw ParseError(at(section.where.file, section.where.line, 1) +
                       "no `End` ends the section " + conf::shown(section.text()));
    }
    source_.trailing_comments = std::move(comments_);
    return std::move(source_);
  }

 private:
  void count_file(const std::string& name, std::size_t bytes) {
    if (has(open_files_, name)) throw ParseError(conf::shown(name) + ": the file includes itself");
    if (open_files_.size() > kMaxIncludes) {
      throw ParseError(conf::shown(name) + ": more than " + std::to_string(kMaxIncludes) +
                       " files include each other");
    }
    bytes_ += bytes;
    if (bytes > kMaxFileBytes || bytes_ > kMaxAllBytes || ++files_ > kMaxFiles) {
      throw ParseError(conf::shown(name) + ": the configuration is too large");
    }
  }

  void read_line(const std::string& file, std::size_t number, std::string_view text) {
    Line line;
    try {
      line = convert::read_line(text);
    } catch (const LexError& error) {
      throw ParseError(at(file, number, error.column) + error.what());
    }
    if (line.comment) comments_.push_back(*line.comment);
    if (line.words.empty()) return;
    if (++directives_ > kMaxDirectives) {
      throw ParseError(at(file, number, 1) + "more than " + std::to_string(kMaxDirectives) +
                       " directives");
    }
    Directive directive;
    directive.where = {file, number};
    directive.name = line.words.front().is_quoted ? "" : conf::to_lower(line.words.front().text);
    directive.words = std::move(line.words);
    if (directive.is("end")) return end_section(directive);
    if (directive.is("include")) return include(std::move(directive));
    directive.comments = std::exchange(comments_, {});
    if (!opens_section(directive.words, open_sections_.empty())) {
      siblings().push_back(std::move(directive));
      return;
    }
    if (open_sections_.size() == kMaxSections) {
      throw ParseError(at(file, number, 1) + "more than " + std::to_string(kMaxSections) +
                       " sections in each other");
    }
    directive.is_section = true;
    open_sections_.push_back(std::move(directive));
  }

  void end_section(const Directive& end) {
    if (open_sections_.empty()) {
      throw ParseError(at(end.where.file, end.where.line, 1) +
                       "`End` without a section that it could end");
    }
    Directive section = std::move(open_sections_.back());
    open_sections_.pop_back();
    section.trailing_comments = std::exchange(comments_, {});
    siblings().push_back(std::move(section));
  }

  // As in Pound 2.x, a name is relative to the current folder. It may be meant relative to the
  // file.
  void include(Directive directive) {
    const Place where = directive.where;
    const std::string path = directive.argument();
    if (directive.arguments() != 1 || path.empty()) {
      throw ParseError(at(where.file, where.line, 1) + "`Include` expects the name of a file");
    }
    if (!includes_) throw ParseError(at(where.file, where.line, 1) + "`Include` is not possible");
    const std::string beside = folder_of(where.file) + path;
    const bool is_here = path.starts_with('/') || ::access(path.c_str(), F_OK) == 0 ||
                         ::access(beside.c_str(), F_OK) != 0;
    directive.comments = std::exchange(comments_, {});
    directive.carry();
    if (!is_here) {
      directive.change("the file is read from the folder of " + where.file +
                       ", because the current folder has no such file");
    }
    siblings().push_back(std::move(directive));
    try {
      read_file(is_here ? path : beside);
    } catch (const ParseError& error) {
      throw ParseError(std::string(error.what()) + ", included by " + conf::shown(where.file) +
                       ":" + std::to_string(where.line));
    }
  }

  std::vector<Directive>& siblings() {
    return open_sections_.empty() ? source_.directives : open_sections_.back().children;
  }

  bool includes_;
  Source source_;
  std::vector<Directive> open_sections_;
  std::vector<std::string> comments_;
  std::vector<std::string> open_files_;
  std::size_t bytes_ = 0, files_ = 0, directives_ = 0;
};

}  // namespace

Source parse_file(const std::string& path) {
  Parser parser(true);
  parser.read_file(path);
  return parser.finish();
}

Source parse_text(const std::string& name, std::string_view text, bool includes) {
  Parser parser(includes);
  parser.read_text(name, text);
  return parser.finish();
}

}  // namespace master::convert
