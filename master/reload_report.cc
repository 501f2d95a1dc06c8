// See reload_report.h.
#include "master/reload_report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "master/log_sink.h"
#include "master/ownership.h"
#include "worker/net/unique_fd.h"

namespace master {
namespace {

constexpr mode_t kMode = 0644;

std::string text_of(const ReloadOutcome& outcome) {
  char started[32];
  std::snprintf(started, sizeof started, "%llu.%02u",
                static_cast<unsigned long long>(outcome.started_ms / 1000),
                static_cast<unsigned>(outcome.started_ms % 1000 / 10));
  std::string text = std::string("result=") + (outcome.ok ? "ok" : "failed");
  text += "\ngeneration=" + std::to_string(outcome.generation);
  text += std::string("\nstarted=") + started;
  for (const std::string& message : outcome.messages) {
    text += "\nmessage=";
    append_line_text(text, message);
  }
  return text + "\n";
}

// Another user with write access to the folder could forge the outcome.
std::string why_not_safe(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return path + ": " + std::strerror(errno);
  const std::string reason = why_not_ours(found, ::geteuid());
  return reason.empty() ? "" : path + ": its folder " + reason;
}

// Replaces the X's in `name`. Returns the errno of a failure, or 0.
int write_file(std::string& name, const std::string& text) {
  const worker::net::UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return errno;
  const bool written =
      ::fchmod(file.get(), kMode) == 0 &&
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return written ? 0 : (errno != 0 ? errno : EIO);
}

}  // namespace

std::uint64_t boot_time_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

ReloadReport::ReloadReport(const std::string& pid_file)
    : path_(pid_file.empty() ? "" : std::filesystem::absolute(pid_file).string() + ".reload") {}

ReloadReport::~ReloadReport() {
  if (owner_ == ::getpid()) ::unlink(path_.c_str());
}

std::string ReloadReport::publish(const ReloadOutcome& outcome) {
  if (path_.empty()) return {};
  if (std::string reason = why_not_safe(path_); !reason.empty()) return reason;
  owner_ = ::getpid();
  // Write to a new file of an unpredictable name, then move that into place in one step.
  std::string fresh = path_ + ".XXXXXX";
  errno = 0;
  int error = write_file(fresh, text_of(outcome));
  if (error == 0 && ::rename(fresh.c_str(), path_.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(fresh.c_str());
  ::unlink(path_.c_str());
  return path_ + ": " + std::strerror(error);
}

}  // namespace master
