// The key Redirect of a service: tree → struct.
//
// Takes a URL, or a mapping with Code and URL. redirect_url.h has the syntax of the URL.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "conf/section.h"

namespace conf {

// Nothing when the key is absent or its value was reported.
std::optional<Redirect> load_redirect(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
