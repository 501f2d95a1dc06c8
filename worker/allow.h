// The rules of worker/http that `Allow` relaxes, found by their codes.
//
// Part of the privileged half of the start. Reports codes that are not rules, and rules that cannot
// be relaxed, each with its position and the reason. conf does not know these rules, and
// worker/http knows no files.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/http/relax.h"

namespace worker {

http::RuleSet allowed_rules(const std::vector<conf::AllowedRule>& rules,
                            conf::Diagnostics& diagnostics);

}  // namespace worker
