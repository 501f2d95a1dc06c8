// See descriptors.h.
#include "master/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "master/start_error.h"

namespace master {
namespace {

void close_range_of(unsigned first, unsigned last) {
  if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
  // Kernels before 5.9 have no close_range(2).
  const long limit = ::sysconf(_SC_OPEN_MAX);
  const unsigned end = limit > 0 ? static_cast<unsigned>(limit) : 1024;
  for (unsigned fd = first; fd <= last && fd < end; ++fd) ::close(static_cast<int>(fd));
}

}  // namespace

void close_all_but(const std::set<int>& kept) {
  unsigned first = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    const auto keep = static_cast<unsigned>(fd);
    if (keep > first) close_range_of(first, keep - 1);
    first = keep + 1;
  }
  close_range_of(first, std::numeric_limits<unsigned>::max());
}

void tidy_descriptors(std::set<int> kept) {
  kept.insert({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  close_all_but(kept);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // open(2) takes the lowest free number, which is `fd`. Without /dev/null it stays closed.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

void detach_standard_streams(int last) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) throw StartError("cannot open /dev/null", errno);
  for (int fd = STDIN_FILENO; fd <= last; ++fd) ::dup2(null, fd);
  if (null > STDERR_FILENO) ::close(null);
}

}  // namespace master
