// See socket_file.h.
#include "master/socket_file.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "master/start_error.h"
#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

namespace master {
namespace {

constexpr mode_t kModeBits = 0777;
constexpr auto kSameUser = static_cast<uid_t>(-1);
constexpr auto kSameGroup = static_cast<gid_t>(-1);

std::string refusal(const std::string& path) { return "cannot listen on " + path; }

const sockaddr* name_of(const worker::net::SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

// What the process makes meanwhile is closed to everybody, and has this group.
class Closed {
 public:
  explicit Closed(std::optional<gid_t> group)
      : mask_(::umask(kModeBits)), group_(static_cast<gid_t>(::setfsgid(group.value_or(kNone)))) {}
  ~Closed() {
    ::umask(mask_);
    ::setfsgid(group_);
  }
  Closed(const Closed&) = delete;
  Closed& operator=(const Closed&) = delete;

 private:
  static constexpr auto kNone = static_cast<gid_t>(-1);  // changes nothing

  mode_t mask_;
  gid_t group_;
};

// Whether there is a socket on which no process listens. False when there is no file.
bool is_stale(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return false;
    throw StartError(refusal(path), errno);
  }
  if (!S_ISSOCK(about.st_mode)) {
    throw StartError(refusal(path) + ": there is a file that is not a socket");
  }
  const worker::net::UniqueFd probe(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) throw StartError(refusal(path), errno);
  const worker::net::SocketAddress address = worker::net::path_address(path);
  if (::connect(probe.get(), name_of(address), address.size) == 0) errno = EADDRINUSE;
  if (errno == ECONNREFUSED) return true;
  // Its queue is full, or it takes datagrams.
  if (errno == EAGAIN || errno == EPROTOTYPE) errno = EADDRINUSE;
  throw StartError(refusal(path), errno);
}

}  // namespace

void SocketFile::probe(const std::string& path) { is_stale(path); }

SocketFile::SocketFile(std::string path, int socket, std::optional<gid_t> group)
    : path_(std::move(path)) {
  if (is_stale(path_) && ::unlink(path_.c_str()) != 0) throw StartError(refusal(path_), errno);
  const worker::net::SocketAddress address = worker::net::path_address(path_);
  const Closed nobody(group);
  if (::bind(socket, name_of(address), address.size) != 0) throw StartError(refusal(path_), errno);
  struct stat about {};
  if (::lstat(path_.c_str(), &about) != 0) throw StartError(refusal(path_), errno);
  device_ = about.st_dev;
  inode_ = about.st_ino;
}

SocketFile::~SocketFile() {
  if (is_in_place()) ::unlink(path_.c_str());
}

bool SocketFile::is_in_place() const {
  struct stat about {};
  return ::lstat(path_.c_str(), &about) == 0 && about.st_dev == device_ && about.st_ino == inode_;
}

// Through a descriptor: a user who may write to the folder could replace the file by a link
// meanwhile.
void SocketFile::allow(const SocketAccess& access) const {
  const worker::net::UniqueFd file(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const auto give_to = [&](uid_t user, gid_t group, const char* what) {
    if (::fchownat(file.get(), "", user, group, AT_EMPTY_PATH) == 0) return;
    throw StartError(refusal(path_) + ": cannot give the socket its " + what, errno);
  };
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) throw StartError(refusal(path_), errno);
  if (about.st_dev != device_ || about.st_ino != inode_) {
    throw StartError(refusal(path_) + ": the socket was replaced");
  }
  if (access.group && *access.group != about.st_gid) give_to(kSameUser, *access.group, "group");
  const uid_t owner = access.user.value_or(::geteuid());
  if ((about.st_mode & kModeBits) != access.mode) {
    // Only the owner of a file may set its mode.
    if (about.st_uid != ::geteuid()) give_to(::geteuid(), kSameGroup, "owner");
    about.st_uid = ::geteuid();
    const std::string link = "/proc/self/fd/" + std::to_string(file.get());
    if (::chmod(link.c_str(), access.mode) != 0) {
      throw StartError(refusal(path_) + ": cannot set its Mode", errno);
    }
  }
  if (owner != about.st_uid) give_to(owner, kSameGroup, "owner");
}

}  // namespace master
