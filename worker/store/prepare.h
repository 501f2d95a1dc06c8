// What a generation of workers needs for the session store: prepare() calls it.
//
// Reads the password and the certificate outside the jail. Resolves no name: the caller does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/net/resolve.h"
#include "worker/store/heritage.h"
#include "worker/tls/authorities.h"

namespace worker::store {

// The names that are to be resolved: those of Address, in its order.
std::vector<net::Name> names_of(const conf::SessionStore& store);

// The text of the file Password without the newline at its end. A file that cannot be read, is
// empty or has more than kMostPassword bytes is an error; one that everybody may read, a
// warning. No message has a part of it. Empty when the store has none.
inline constexpr std::size_t kMostPassword = 512;
std::string load_password(const conf::SessionStore& store, conf::Diagnostics& diagnostics);

// Null when it has no TLS, or after an error.
std::shared_ptr<tls::BackendContext> load_tls(const conf::SessionStore& store, tls::Trust& trust,
                                              conf::Diagnostics& diagnostics);

// `resolved` has a result for each of names_of(). A name that does not resolve is a warning. Each
// address once.
std::vector<net::SocketAddress> take_servers(const conf::SessionStore& store,
                                             const net::Resolved* resolved,
                                             conf::Diagnostics& diagnostics);

}  // namespace worker::store
