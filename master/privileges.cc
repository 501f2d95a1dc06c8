// See privileges.h.
#include "master/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace master {
namespace {

std::string failure(const std::string& what) { return what + ": " + std::strerror(errno); }

std::string enter_jail(const std::string& directory) {
  if (::chroot(directory.c_str()) != 0) return failure("cannot chroot to RootJail " + directory);
  if (::chdir("/") != 0) return failure("cannot change to the root of RootJail " + directory);
  return {};
}

std::string change_group(gid_t gid) {
  // Only root may call setgroups(2). Without root the groups are those of the calling user.
  if (::geteuid() == 0 && ::setgroups(0, nullptr) != 0) return failure("cannot drop all groups");
  if (::setresgid(gid, gid, gid) != 0) {
    return failure("cannot become group " + std::to_string(gid));
  }
  return {};
}

std::string change_user(uid_t uid) {
  if (::setresuid(uid, uid, uid) != 0) return failure("cannot become user " + std::to_string(uid));
  return {};
}

// Tries to get root back, which must fail. If the configured id is 0, nothing was dropped.
std::string check_dropped(const Identity& identity) {
  if (!identity.uid || *identity.uid == 0) return {};
  if (::setuid(0) == 0 || ::getuid() == 0 || ::geteuid() == 0) {
    return "root could be regained after it was dropped";
  }
  if (!identity.gid || *identity.gid == 0) return {};
  if (::setgid(0) == 0 || ::getgid() == 0 || ::getegid() == 0) {
    return "group 0 could be regained after it was dropped";
  }
  return {};
}

}  // namespace

std::string drop_privileges(const Identity& identity) {
  std::string error;
  if (identity.root_jail) error = enter_jail(*identity.root_jail);
  if (error.empty() && identity.gid) error = change_group(*identity.gid);
  if (error.empty() && identity.uid) error = change_user(*identity.uid);
  if (error.empty() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    error = failure("cannot forbid new privileges");
  }
  if (error.empty()) error = check_dropped(identity);
  return error;
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace master
