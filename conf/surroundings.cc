// Further files and the environment: see surroundings.h.
#include "conf/surroundings.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "conf/file.h"

namespace conf {

namespace {

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no file";
}

std::string reason(const FileError& error) {
  switch (error.kind) {
    case FileError::Kind::open:
      return "cannot open it: " + error.text();
    case FileError::Kind::read:
      return "cannot read it: " + error.text();
    case FileError::Kind::not_regular:
      return "this is " + kind_of(error.mode) + ", expected a file";
    case FileError::Kind::too_large:
      return "more than " + std::to_string(error.most >> 20) + " MiB of text";
  }
  return "";
}

// A folder that does not exist has no files. One that cannot be read may have some.
int stop_unless_missing(const char* path, int number) {
  static_cast<void>(path);
  if (number == ENOENT || number == ENOTDIR) return 0;
  errno = number;
  return 1;
}

// What cannot be looked at is an error later, when it is read.
bool is_other_than_file(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode);
}

}  // namespace

std::optional<std::string> Surroundings::read(const std::string& path, std::size_t most,
                                              std::string& error) const {
  static_cast<void>(path);
  error = reason({.kind = FileError::Kind::open, .number = ENOENT, .most = most});
  return std::nullopt;
}

std::optional<std::vector<std::string>> Surroundings::match(const std::string& pattern,
                                                            std::string& error) const {
  static_cast<void>(pattern);
  static_cast<void>(error);
  return std::vector<std::string>{};
}

std::string Surroundings::identity(const std::string& path) const { return path; }

std::optional<std::string> Surroundings::variable(const std::string& name) const {
  static_cast<void>(name);
  return std::nullopt;
}

std::optional<std::string> SystemSurroundings::read(const std::string& path, std::size_t most,
                                                    std::string& error) const {
  FileError why;
  std::optional<std::string> text = read_file(path, most, why);
  if (!text) error = reason(why);
  return text;
}

std::optional<std::vector<std::string>> SystemSurroundings::match(const std::string& pattern,
                                                                  std::string& error) const {
  glob_t matches{};
  const int result = ::glob(pattern.c_str(), GLOB_NOSORT, stop_unless_missing, &matches);
  const int number = errno;
  std::vector<std::string> found;
  if (result == 0) found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  if (result == GLOB_NOSPACE) throw std::bad_alloc();
  if (result == GLOB_ABORTED) {
    error = std::string("cannot read a folder: ") + std::strerror(number);
    return std::nullopt;
  }
  std::erase_if(found, is_other_than_file);
  std::sort(found.begin(), found.end());
  return found;
}

std::string SystemSurroundings::identity(const std::string& path) const {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(path, error);
  return error ? path : canonical.string();
}

std::optional<std::string> SystemSurroundings::variable(const std::string& name) const {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace conf
