// See check_system.h.
#include "worker/net/check_system.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "conf/address.h"
#include "worker/log/escape.h"
#include "worker/net/local_address.h"

namespace worker::net {

namespace {

namespace fs = std::filesystem;

using conf::Diagnostics;

constexpr int kMostEntries = 2000;  // of a jail that are looked at

std::string in_code(const std::string& text) { return "`" + log::escaped(text) + "`"; }

struct Worker {
  uid_t uid;
  std::optional<gid_t> gid;

  // The owner could give itself the right to write.
  bool may_write(const struct stat& about) const {
    if (about.st_uid == uid) return true;
    if (gid && about.st_gid == *gid) return (about.st_mode & S_IWGRP) != 0;
    return (about.st_mode & S_IWOTH) != 0;
  }
};

// What keeps files. Workers need the right to write to sockets and devices.
bool keeps_files(const struct stat& about) {
  return S_ISDIR(about.st_mode) || S_ISREG(about.st_mode);
}

// The jail, or the first file or folder in it, by name, that a worker may write to; or nothing.
std::string writable_in(const std::string& jail, const Worker& worker) {
  struct stat about {};
  if (::stat(jail.c_str(), &about) == 0 && worker.may_write(about)) return jail;
  std::string first;
  std::error_code error;
  fs::recursive_directory_iterator entry(jail, fs::directory_options::skip_permission_denied,
                                         error);
  for (int i = 0; !error && entry != fs::recursive_directory_iterator() && i < kMostEntries; ++i) {
    const std::string path = entry->path();
    const bool is_found =
        ::lstat(path.c_str(), &about) == 0 && keeps_files(about) && worker.may_write(about);
    if (is_found && (first.empty() || path < first)) first = path;
    entry.increment(error);
  }
  return first;
}

// The folder above the jail in which somebody else than root could put another jail; or nothing.
std::string replaceable_above(const std::string& jail, const Worker& worker) {
  std::error_code error;
  fs::path path = fs::canonical(jail, error);
  while (!error && path.has_relative_path()) {
    path = path.parent_path();
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return {};
    const bool is_sticky = (about.st_mode & S_ISVTX) != 0 && about.st_uid != worker.uid;
    const bool is_open = (about.st_mode & S_IWOTH) != 0 || worker.may_write(about);
    if (is_open && !is_sticky) return path;
  }
  return {};
}

std::string mend(const std::string& path) {
  return "; `chown root " + log::escaped(path) + "` and `chmod go-w " + log::escaped(path) +
         "` take that right away";
}

}  // namespace

void check_jail(const conf::Global& global, std::optional<uid_t> uid, std::optional<gid_t> gid,
                Diagnostics& diagnostics) {
  if (!global.root_jail) return;
  const std::string& jail = *global.root_jail;
  struct stat about {};
  std::string why;
  if (::stat(jail.c_str(), &about) != 0) {
    why = std::strerror(errno);
  } else if (!S_ISDIR(about.st_mode)) {
    why = "not a directory";
  }
  if (!why.empty()) {
    diagnostics.error(global.root_jail_where, "cannot use the jail " + in_code(jail) + ": " + why +
                                                  "; expected a directory");
    return;
  }
  if (!uid || *uid == 0) return;
  const Worker worker{*uid, gid};
  if (const std::string path = writable_in(jail, worker); !path.empty()) {
    diagnostics.warning(conf::Lint::writable_jail, global.root_jail_where,
                        "workers may write to " + in_code(path) +
                            ": one that an attacker has taken over could leave files there" +
                            mend(path));
  } else if (const std::string above = replaceable_above(jail, worker); !above.empty()) {
    diagnostics.warning(conf::Lint::writable_jail, global.root_jail_where,
                        "others than root may write to " + in_code(above) +
                            ", and so replace the jail in it" + mend(above));
  }
}

// Workers look a path up in the jail. An application may start later, but it cannot if its folder
// is not there, and most often the path was meant to be outside.
void check_path(const conf::Global& global, const conf::Backend& backend,
                Diagnostics& diagnostics) {
  if (!conf::is_path(backend.address)) return;
  const std::string path = global.root_jail.value_or("") + backend.address;
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    if (!global.root_jail) return;
    diagnostics.warning(conf::Lint::missing_socket, backend.address_where,
                        "there is no socket " + in_code(path) + ": " + std::strerror(errno) +
                            "; workers look for " + in_code(backend.address) + " inside the jail");
  } else if (!S_ISSOCK(about.st_mode)) {
    diagnostics.warning(conf::Lint::missing_socket, backend.address_where,
                        in_code(path) + " is not a socket");
  }
}

// Another program may add the address later, as those of floating addresses do.
void check_addresses(const conf::Listener& listener, const std::vector<SocketAddress>& addresses,
                     Diagnostics& diagnostics) {
  for (const SocketAddress& address : addresses) {
    if (!is_missing_here(address)) continue;
    const bool is_ipv6 = address.storage.ss_family == AF_INET6;
    diagnostics.warning(conf::Lint::missing_address, listener.address_where,
                        "this machine does not have the address " + host_text(address) +
                            ", so that a start would fail; for an address that comes later, set "
                            "the sysctl `net." +
                            std::string(is_ipv6 ? "ipv6" : "ipv4") + ".ip_nonlocal_bind=1`");
  }
}

}  // namespace worker::net
