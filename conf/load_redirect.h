// The key Redirect of a service: tree → struct.
//
// Takes a URL, or a mapping with Code and URL. What the URL may be is in redirect_url.h.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "conf/section.h"

namespace conf {

// Nothing without the key, or when it was reported.
std::optional<Redirect> load_redirect(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
