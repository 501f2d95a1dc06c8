// The privileged half of a worker's start: see prepare.h.
#include "worker/prepare.h"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "conf/file.h"
#include "worker/allow.h"
#include "worker/log/escape.h"
#include "worker/tls/context.h"

namespace worker {

namespace {

using conf::Diagnostics;

// The largest error page: pages are kept in memory and sent in one piece.
constexpr std::size_t kMaxErrorPage = 256 * 1024;

void load_pages(const conf::Global& global, http::ErrorPages& pages, Diagnostics& diagnostics) {
  for (const auto& [status, page] : global.error_pages) {
    conf::FileError why;
    std::optional<std::string> html = conf::read_file(page.path, kMaxErrorPage, why);
    if (html) {
      pages.set(status, std::move(*html));
    } else {
      diagnostics.error(page.where, "cannot read the page `" + log::escaped(page.path) +
                                        "` for Err" + std::to_string(status) + ": " + why.text() +
                                        "; expected a readable HTML file");
    }
  }
}

void find_ids(const conf::Global& global, Heritage& heritage, Diagnostics& diagnostics) {
  if (global.user) {
    if (const passwd* const user = ::getpwnam(global.user->c_str())) {
      heritage.uid = user->pw_uid;
      heritage.gid = user->pw_gid;
    } else {
      diagnostics.error(global.user_where, "there is no user `" + log::escaped(*global.user) +
                                               "`; expected a name from /etc/passwd");
    }
  }
  if (global.group) {
    if (const group* const found = ::getgrnam(global.group->c_str())) {
      heritage.gid = found->gr_gid;
    } else {
      diagnostics.error(global.group_where, "there is no group `" + log::escaped(*global.group) +
                                                "`; expected a name from /etc/group");
    }
  }
}

void check_jail(const conf::Global& global, Diagnostics& diagnostics) {
  if (!global.root_jail) return;
  struct stat about {};
  std::string why;
  if (::stat(global.root_jail->c_str(), &about) != 0) {
    why = std::strerror(errno);
  } else if (!S_ISDIR(about.st_mode)) {
    why = "not a directory";
  }
  if (!why.empty()) {
    diagnostics.error(global.root_jail_where, "cannot use the jail `" +
                                                  log::escaped(*global.root_jail) + "`: " + why +
                                                  "; expected a directory");
  }
}

std::vector<net::SocketAddress> resolve(const std::string& host, std::uint16_t port, bool passive,
                                        std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  std::vector<net::SocketAddress> addresses;
  if (error != 0) {
    why = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
    return addresses;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    net::SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

void resolve_backends(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (const conf::Backend& backend : config.backends) {
    backend::BackendHeritage one;
    one.addresses = resolve(backend.address, backend.port, false, one.resolve_error);
    if (one.addresses.empty()) {
      diagnostics.warning(backend.where, "the backend `" + log::escaped(backend.address) +
                                             "` does not resolve: " + one.resolve_error +
                                             "; it counts as dead");
    }
    for (const std::string& line : backend.head_add) one.head_add += line + "\r\n";
    heritage.backends.push_back(std::move(one));
  }
}

void resolve_listeners(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (const conf::Listener& listener : config.listeners) {
    route::ListenerHeritage one;
    std::string why;
    const std::vector<net::SocketAddress> addresses =
        resolve(listener.address, listener.port, true, why);
    if (addresses.empty()) {
      diagnostics.error(listener.where,
                        "the listener's address `" + log::escaped(listener.address) +
                            "` does not resolve: " + why + "; expected an address of this machine");
    } else {
      one.address = addresses.front();
    }
    heritage.listeners.push_back(one);
  }
}

void load_tls(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (!config.listeners[i].tls) continue;
    heritage.listeners[i].tls = tls::Context::make(*config.listeners[i].tls, diagnostics);
  }
}

void find_allowed_rules(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const http::RuleSet common = allowed_rules(listener.allow, diagnostics);
    heritage.listeners[i].allowed = common;
    heritage.listeners[i].allowed_methods = allowed_methods(listener.methods, diagnostics);
    for (const conf::Service& service : listener.services) {
      heritage.listeners[i].service_allowed.push_back(
          common.with(allowed_rules(service.allow, diagnostics)));
    }
  }
}

unsigned number_of_workers(const conf::Global& global) {
  if (global.workers != 0) return global.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1u, unsigned{shm::kMaxWorkers});
}

}  // namespace

std::optional<Heritage> prepare(std::shared_ptr<const conf::Config> config,
                                Diagnostics& diagnostics) {
  const conf::Config& c = *config;
  Heritage heritage;
  heritage.config = std::move(config);
  load_pages(c.global, heritage.pages, diagnostics);
  find_ids(c.global, heritage, diagnostics);
  check_jail(c.global, diagnostics);
  resolve_backends(c, heritage, diagnostics);
  resolve_listeners(c, heritage, diagnostics);
  load_tls(c, heritage, diagnostics);
  find_allowed_rules(c, heritage, diagnostics);
  heritage.workers = number_of_workers(c.global);
  if (diagnostics.has_errors()) return std::nullopt;
  return heritage;
}

}  // namespace worker
