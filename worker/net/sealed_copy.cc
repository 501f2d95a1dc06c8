// See sealed_copy.h.
#include "worker/net/sealed_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace worker::net {
namespace {

int make_memory_file(const char* name) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int fd = ::memfd_create(name, flags | MFD_NOEXEC_SEAL);
  return fd >= 0 || errno != EINVAL ? fd : ::memfd_create(name, flags);
}

// Returns the reason of a failure, or an empty text.
std::string copy_all(int from, int to, std::size_t most) {
  for (std::size_t size = 0;;) {
    const ssize_t count = ::sendfile(to, from, nullptr, most + 1 - size);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::strerror(errno);
    size += static_cast<std::size_t>(count);
    if (size > most) return "larger than " + std::to_string(most) + " bytes";
  }
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  return ::fcntl(to, F_ADD_SEALS, seals) == 0 ? "" : std::strerror(errno);
}

}  // namespace

SealedCopy copy_sealed(const std::string& path, const char* name, std::size_t most) {
  SealedCopy made;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    made.why_not = std::strerror(errno);
  } else if (!S_ISREG(about.st_mode)) {
    made.why_not = "not a regular file";
  } else {
    made.mode = about.st_mode;
    made.copy.reset(make_memory_file(name));
    made.why_not = made.copy ? copy_all(file.get(), made.copy.get(), most) : std::strerror(errno);
  }
  return made;
}

MappedText::MappedText(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) throw std::runtime_error("cannot read a sealed copy of a file");
  size_ = static_cast<std::size_t>(about.st_size);
  if (size_ == 0) return;
  memory_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory_ == MAP_FAILED) throw std::runtime_error("cannot map a sealed copy of a file");
  ::madvise(memory_, size_, MADV_DONTDUMP);
}

MappedText::~MappedText() {
  if (size_ != 0) ::munmap(memory_, size_);
}

}  // namespace worker::net
