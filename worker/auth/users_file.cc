// A file of users: see users_file.h.
#include "worker/auth/users_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "worker/auth/htpasswd.h"
#include "worker/log/escape.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace worker::auth {
namespace {

int make_memory_file() {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int fd = ::memfd_create("pound-users", flags | MFD_NOEXEC_SEAL);
  return fd >= 0 || errno != EINVAL ? fd : ::memfd_create("pound-users", flags);
}

// Copies at most kMostFile bytes. Returns the reason of a failure, or an empty text.
std::string copy_all(int from, int to) {
  for (std::size_t size = 0;;) {
    const ssize_t count = ::sendfile(to, from, nullptr, kMostFile + 1 - size);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::strerror(errno);
    size += static_cast<std::size_t>(count);
    if (size > kMostFile) return "larger than " + std::to_string(kMostFile) + " bytes";
  }
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  return ::fcntl(to, F_ADD_SEALS, seals) == 0 ? "" : std::strerror(errno);
}

struct Opened {
  net::UniqueFd copy;
  mode_t mode = 0;
  std::string why_not;  // empty: it is open and copied
};

// Never waits for the other end of a FIFO.
Opened open_and_copy(const std::string& path) {
  Opened opened;
  const net::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    opened.why_not = std::strerror(errno);
  } else if (!S_ISREG(about.st_mode)) {
    opened.why_not = "not a regular file";
  } else {
    opened.mode = about.st_mode;
    opened.copy.reset(make_memory_file());
    opened.why_not = opened.copy ? copy_all(file.get(), opened.copy.get()) : std::strerror(errno);
  }
  return opened;
}

FileIdentity make_identity() {
  FileIdentity identity{};
  if (::getrandom(identity.data(), sizeof identity, 0) != static_cast<ssize_t>(sizeof identity)) {
    throw std::runtime_error("no random bytes for a file of users");
  }
  return identity;
}

// The name alone: a message that showed the line would show a hash.
conf::Position position(const std::string& path, std::size_t line, std::size_t column) {
  const auto file =
      std::make_shared<const conf::SourceFile>(conf::SourceFile{path, "", conf::kNamedFile});
  return {file, line, column};
}

void check(const conf::Auth& auth, const Opened& opened, conf::Diagnostics& diagnostics) {
  const MappedText mapped(opened.copy.get());
  const Users users = read_users(mapped.text());
  for (const LineFault& fault : users.faults) {
    diagnostics.error(position(auth.users, fault.line, fault.column), fault.message);
  }
  const std::string shown = log::escaped(auth.users);
  if (users.all.empty() && users.faults.empty()) {
    diagnostics.warning(conf::Lint::empty_users, auth.users_where,
                        "the file `" + shown + "` has no users: nobody is let in");
  }
  if ((opened.mode & S_IROTH) != 0) {
    diagnostics.warning(conf::Lint::readable_secret, auth.users_where,
                        "everybody on this machine may read the file `" + shown +
                            "` with password hashes; expected mode 0640 or less");
  }
}

}  // namespace

MappedText::MappedText(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) throw std::runtime_error("cannot read a file of users");
  size_ = static_cast<std::size_t>(about.st_size);
  if (size_ == 0) return;
  memory_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory_ == MAP_FAILED) throw std::runtime_error("cannot map a file of users");
  ::madvise(memory_, size_, MADV_DONTDUMP);
}

MappedText::~MappedText() {
  if (size_ != 0) ::munmap(memory_, size_);
}

UsersFile load_users_file(const conf::Auth& auth, conf::Diagnostics& diagnostics) {
  UsersFile file{.path = auth.users, .copy = nullptr, .identity = make_identity()};
  Opened opened = open_and_copy(auth.users);
  if (!opened.why_not.empty()) {
    diagnostics.error(auth.users_where, "cannot read the users `" + log::escaped(auth.users) +
                                            "`: " + opened.why_not +
                                            "; expected a readable htpasswd file");
    return file;
  }
  check(auth, opened, diagnostics);
  file.copy = std::make_shared<const net::UniqueFd>(std::move(opened.copy));
  return file;
}

bool same_users(const UsersFile& one, const UsersFile& other) {
  const MappedText a(one.copy->get());
  const MappedText b(other.copy->get());
  return a.text() == b.text();
}

}  // namespace worker::auth
