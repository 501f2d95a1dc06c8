// See load_lint.h.
#include "conf/load_lint.h"

#include <optional>
#include <string>
#include <string_view>

#include "conf/lint.h"
#include "conf/suggest.h"

namespace conf {

void load_lint(const Section& global, Diagnostics& diagnostics) {
  for (const Node* item : global.items("Lint")) {
    std::string_view code = item->text;
    const bool has_hyphen = code.starts_with('-');
    if (has_hyphen) code.remove_prefix(1);
    const std::optional<Lint> lint = find_lint(code);
    if (lint && has_hyphen) {
      diagnostics.silence(*lint);
    } else if (lint) {
      diagnostics.error(item->where, "`Lint` has " + describe(*item) +
                                         "; to silence this kind of warning, write `-" +
                                         std::string(code) + "`");
    } else {
      diagnostics.error(item->where, "`Lint` has " + describe(*item) +
                                         ", which is no kind of warning" +
                                         did_you_mean(code, lint_codes(), "-"));
    }
  }
}

}  // namespace conf
