/* Workers that never become ready: loaded into the daemon by LD_PRELOAD.

   A worker makes its event loop by epoll_create1, which here hangs while a file, shared with the
   test (hang.py), says so: how many are still to hang, and how many did. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

static int *counts;

__attribute__((constructor)) static void attach(void) {
  const char *path = getenv("POUND_HANGS");
  const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *page = mmap(NULL, 2 * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) counts = page;
}

int epoll_create1(int flags) {
  if (counts != NULL && __atomic_sub_fetch(&counts[0], 1, __ATOMIC_SEQ_CST) >= 0) {
    __atomic_add_fetch(&counts[1], 1, __ATOMIC_SEQ_CST);
    for (;;) pause();
  }
  return ((__typeof__(&epoll_create1))dlsym(RTLD_NEXT, "epoll_create1"))(flags);
}
