// The whole of a regular file in memory: see file.h.
#include "conf/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace conf {

namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  OpenFile(OpenFile&&) = delete;
  OpenFile& operator=(OpenFile&&) = delete;

  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string FileError::text() const {
  switch (kind) {
    case Kind::open:
    case Kind::read:
      return std::strerror(number);
    case Kind::not_regular:
      return "not a regular file";
    case Kind::too_large:
      return "larger than " + std::to_string(most) + " bytes";
  }
  return "";
}

std::optional<std::string> read_file(const std::string& path, std::size_t most, FileError& error) {
  const OpenFile file(path);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    error = {.kind = FileError::Kind::open, .number = errno};
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    error = {.kind = FileError::Kind::not_regular, .mode = status.st_mode};
    return std::nullopt;
  }
  // One byte more than is expected, so that a file that did not grow is read without a copy.
  std::string text(std::min(static_cast<std::size_t>(status.st_size), most) + 1, '\0');
  std::size_t size = 0;
  while (size <= most) {
    if (size == text.size()) text.resize(std::min(2 * size, most + 1));
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count == 0) {
      text.resize(size);
      return text;
    }
    if (count > 0) {
      size += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      error = {.kind = FileError::Kind::read, .number = errno};
      return std::nullopt;
    }
  }
  error = {.kind = FileError::Kind::too_large, .most = most};
  return std::nullopt;
}

}  // namespace conf
