// See pid_file.h.
#include "master/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "master/ownership.h"
#include "master/start_error.h"

namespace master {
namespace {

constexpr mode_t kMode = 0644;
constexpr char kFolderAdvice[] =
    "; with -p, name a file in a folder that only pound's user and root can write";
constexpr int kClaims = 100;  // attempts, if the file vanishes between open(2) and flock(2)
constexpr auto kHolderEnds = std::chrono::seconds(1);

std::string content_of(int file) {
  char buffer[32];
  const ssize_t size = ::pread(file, buffer, sizeof buffer, 0);
  const std::string text(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string digits = text.substr(0, text.find_first_not_of("0123456789"));
  return digits.empty() ? "unknown" : digits;
}

[[noreturn]] void refuse(const std::string& path, int error) {
  const bool needs_rights = error == EACCES || error == EPERM || error == EROFS;
  const char* const advice =
      needs_rights ? "; name a file that pound may write with -p, or use -p none with -F" : "";
  throw StartError("pid file " + path + ": " + std::strerror(error) + advice);
}

// Another user with write access to the folder could put another file in the place of this one.
worker::net::UniqueFd open_folder(const std::string& path) {
  const std::string name = std::filesystem::path(path).parent_path();
  worker::net::UniqueFd folder(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat found {};
  if (!folder || ::fstat(folder.get(), &found) != 0) refuse(path, errno);
  const std::string reason = why_not_ours(found, ::geteuid());
  if (reason.empty()) return folder;
  throw StartError("pid file " + path + ": its folder " + name + " " + reason + kFolderAdvice);
}

// A pound that was killed holds its lock until the kernel has freed the process's memory.
bool lock(int file) {
  const auto deadline = std::chrono::steady_clock::now() + kHolderEnds;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

worker::net::UniqueFd open_locked(const std::string& path) {
  const worker::net::UniqueFd folder = open_folder(path);
  const std::string name = std::filesystem::path(path).filename();
  worker::net::UniqueFd file(::openat(
      folder.get(), name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kMode));
  if (!file && errno == ELOOP) throw StartError("pid file " + path + ": is a symbolic link");
  if (!file) refuse(path, errno);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) throw StartError("pid file " + path, errno);
  if (!S_ISREG(found.st_mode)) throw StartError("pid file " + path + ": is not a regular file");
  const std::string reason = why_not_ours(found, ::geteuid());
  if (!reason.empty()) throw StartError("pid file " + path + ": " + reason + "; remove it");
  if (found.st_nlink > 1) throw StartError("pid file " + path + ": has another name (hard link)");
  if (lock(file.get())) return file;
  if (errno != EWOULDBLOCK) throw StartError("pid file " + path, errno);
  throw StartError("pid file " + path + ": another pound runs as pid " + content_of(file.get()));
}

}  // namespace

PidFile::PidFile(const std::string& path)
    : path_(std::filesystem::absolute(path)), owner_(::getpid()) {
  for (int i = 0; i < kClaims; ++i) {
    file_ = open_locked(path_);
    if (is_still_ours()) return;  // else its owner removed it before the lock was free
  }
  throw StartError("pid file " + path_ + ": is removed again and again by another process");
}

PidFile::~PidFile() {
  if (owner_ == ::getpid() && is_still_ours()) ::unlink(path_.c_str());
}

bool PidFile::is_still_ours() const {
  struct stat here {};
  struct stat there {};
  return ::fstat(file_.get(), &here) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

void PidFile::write() {
  owner_ = ::getpid();
  const std::string text = std::to_string(owner_) + "\n";
  if (::fchmod(file_.get(), kMode) != 0 || ::ftruncate(file_.get(), 0) != 0 ||
      ::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw StartError("pid file " + path_, errno);
  }
}

}  // namespace master
