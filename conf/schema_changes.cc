// What a configuration may say about changed messages: the tables of Request, Reply, Rewrite and
// Redirect. See schema.h.
#include <array>

#include "conf/schema.h"

namespace conf {

namespace {

constexpr std::int64_t kMaxName = 255;
constexpr std::int64_t kMaxPattern = 65536;
constexpr std::int64_t kMaxUrl = 4096;
constexpr std::string_view kLinesNoun = "a mapping such as `{X-Name: value}`";

constexpr auto kRedirectCodes =
    std::to_array<Choice>({{"301", 301}, {"302", 302}, {"303", 303}, {"307", 307}, {"308", 308}});

constexpr auto kEditKeys = std::to_array<Key>({
    {"Remove", Shape::texts, "the name of a header, or a beginning such as `X-Foo-*`", 1, kMaxName},
    {.name = "Set", .shape = Shape::mapping, .noun = kLinesNoun, .values = Shape::text},
    {"Add", Shape::mapping, kLinesNoun},
});

constexpr auto kRewriteKeys = std::to_array<Key>({
    {"From", Shape::text, "a regular expression", 1, kMaxPattern, true},
    {"To", Shape::text, "the path in place of what was found, such as `/new/$1`", 0, kMaxUrl, true},
});

constexpr auto kRedirectKeys = std::to_array<Key>({
    {.name = "Code", .shape = Shape::choice, .noun = "", .choices = kRedirectCodes},
    {"URL", Shape::text, "a URL such as `https://www.example.com`", 1, kMaxUrl, true},
});

constexpr Schema kRequestEdits{"Request", kEditKeys};
constexpr Schema kReplyEdits{"Reply", kEditKeys};
constexpr Schema kRewrite{"Rewrite", kRewriteKeys};
constexpr Schema kRedirect{"Redirect", kRedirectKeys};

}  // namespace

const Schema& request_edits_schema() { return kRequestEdits; }
const Schema& reply_edits_schema() { return kReplyEdits; }
const Schema& rewrite_schema() { return kRewrite; }
const Schema& redirect_schema() { return kRedirect; }

}  // namespace conf
