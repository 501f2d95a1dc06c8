// Pound's words for the complaints of libyaml: see yaml_problem.h.
//
// A complaint that is not in the table is passed on in libyaml's words, so that another version of
// the library loses no message.
#include "conf/yaml_problem.h"

#include <array>

#include "conf/diagnostic.h"

namespace conf {

namespace {

struct Row {
  std::string_view problem;
  std::string_view context;  // empty: any
  std::string_view message;
  bool at_context;
  std::string_view begun;
};

constexpr std::string_view kQuote = "while scanning a quoted scalar";

constexpr auto kRows = std::to_array<Row>({
    {"did not find expected key", "while parsing a block mapping",
     "expected a key at the same indent as the keys before it, or at a smaller indent", false,
     "the mapping begins here"},
    {"did not find expected '-' indicator", "",
     "expected `- ` at the same indent as the items before it, or at a smaller indent", false,
     "the list begins here"},
    {"did not find expected ',' or ']'", "", "expected `,` or `]`", false, "the list begins here"},
    {"did not find expected ',' or '}'", "", "expected `,` or `}`", false,
     "the mapping begins here"},
    {"did not find expected node content", "", "expected a value", false, ""},
    {"could not find expected ':'", "", "expected `: ` and a value after this key", true, ""},
    {"mapping values are not allowed in this context", "",
     "a `:` cannot follow here; check the indent, or quote the whole text", false, ""},
    {"mapping keys are not allowed in this context", "",
     "a key cannot stand here; check the indent", false, ""},
    {"block sequence entries are not allowed in this context", "",
     "a list item cannot stand here; put it on a line of its own", false, ""},
    {"found unexpected end of stream", kQuote, "no quote closes the text that begins here", true,
     ""},
    {"found unexpected document indicator", kQuote, "no quote closes the text that begins here",
     true, ""},
    {"found unknown escape character", "",
     "unknown escape in a text with double quotes; put regular expressions in single quotes", false,
     ""},
    {"did not find expected hexdecimal number", "", "expected hexadecimal digits after this escape",
     false, ""},
    {"found invalid Unicode character escape code", "", "this escape is no Unicode character",
     false, ""},
    {"did not find expected alphabetic or numeric character", "while scanning an alias",
     "expected a name right after `*`; quote the text if no alias is meant", true, ""},
    {"did not find expected alphabetic or numeric character", "while scanning an anchor",
     "expected a name right after `&`; quote the text if no anchor is meant", true, ""},
    {"found unexpected ':'", "", "a `:` cannot stand here; quote the whole text", false, ""},
    {"found a tab character that violates indentation", "",
     "a tab cannot indent; YAML requires spaces", false, ""},
    {"found a tab character where an indentation space is expected", "",
     "a tab cannot indent; YAML requires spaces", false, ""},
    {"did not find expected <document start>", "",
     "expected the end of the file; only one mapping can stand at the top", false, ""},
    {"did not find expected comment or line break", "", "expected the end of the line or a comment",
     false, ""},
    {"found undefined tag handle", "", "tags (`!...`) are not supported", false, ""},
    {"found duplicate %YAML directive", "", "a second %YAML directive", false, ""},
    {"found duplicate %TAG directive", "", "a second %TAG directive for the same handle", false,
     ""},
    {"found incompatible YAML document", "", "expected YAML 1.1 or 1.2", false, ""},
    {"found unknown directive name", "", "expected a %YAML directive", false, ""},
});

std::string cannot_begin(std::string_view next) {
  if (next.starts_with('\t')) return "a tab cannot indent; YAML requires spaces";
  return "a value cannot begin with " + shown(next.substr(0, 1)) + "; quote it";
}

}  // namespace

bool may_be_slip(std::string_view problem) {
  return problem == "mapping values are not allowed in this context" ||
         problem == "did not find expected node content" ||
         problem == "could not find expected ':'" || problem == "found unexpected ':'";
}

YamlProblem explain(std::string_view problem, std::string_view context, std::string_view text,
                    std::size_t at) {
  const std::string_view next = text.substr(at);
  if (next.starts_with('{') && text.substr(0, at).ends_with('$')) {
    return {"a value with `${` needs quotes between braces or brackets", false, ""};
  }
  if (problem == "found character that cannot start any token") {
    return {cannot_begin(next), false, ""};
  }
  if (problem == "did not find expected node content" && next.starts_with(':')) {
    return {"expected a value; quote a text that begins with `:`", false, ""};
  }
  for (const Row& row : kRows) {
    if (row.problem != problem || (!row.context.empty() && row.context != context)) continue;
    return {std::string(row.message), row.at_context, std::string(row.begun)};
  }
  std::string message = "this is not valid YAML: " + shown(problem);
  if (!context.empty()) message += ", " + shown(context);
  return {std::move(message), false, ""};
}

}  // namespace conf
