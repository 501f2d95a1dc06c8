// What `Allow` names: the rules of worker/http that may be relaxed, found by their codes.
//
// Part of the privileged half: says, with its place, what is no rule and what may not be relaxed,
// and why. conf knows nothing of these rules; worker/http nothing of files.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/http/relax.h"

namespace worker {

http::RuleSet allowed_rules(const std::vector<conf::AllowedRule>& rules,
                            conf::Diagnostics& diagnostics);

}  // namespace worker
