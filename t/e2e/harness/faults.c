// Makes library calls of the program under test fail, or never return, on a test's order.
//
// The test preloads this library. The file that FAULTS names has the orders; harness/faults.py writes
// them. The program maps the file when it starts, and every child inherits the map, so an order takes
// effect at once, even in a running daemon and inside a jail. All other calls pass unchanged.
//
// An order whose name begins with '>' is about the bytes behind it: a process that sends them dies
// when they have left.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct order {
  char name[24];
  int32_t pid;    // the process; 0: any
  int32_t after;  // matching calls that succeed first
  int32_t times;  // calls that fail after those
  int32_t error;  // the errno of the failures, or kHang
  int32_t struck; // calls that have failed so far
  int32_t calls;  // matching calls so far
};

enum { kOrders = 8, kHang = -1 };

static struct order* orders;

__attribute__((constructor)) static void start(void) {
  const char* path = getenv("FAULTS");
  const int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* map = mmap(NULL, sizeof(struct order) * kOrders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) orders = map;
}

static int strikes(const char* name) {
  for (int i = 0; orders != NULL && i < kOrders; ++i) {
    struct order* one = &orders[i];
    if (strcmp(one->name, name) != 0) continue;
    if (one->pid != 0 && one->pid != getpid()) continue;
    const int call = __atomic_fetch_add(&one->calls, 1, __ATOMIC_SEQ_CST);
    if (call < one->after || call >= one->after + one->times) continue;
    __atomic_fetch_add(&one->struck, 1, __ATOMIC_SEQ_CST);
    if (one->error == kHang) {
      for (;;) pause();
    }
    errno = one->error;
    return 1;
  }
  return 0;
}

// Dies without a system call, which the sandbox could refuse.
static void die_if_sent(const void* bytes, size_t size) {
  for (int i = 0; orders != NULL && i < kOrders; ++i) {
    const char* name = orders[i].name;
    if (name[0] != '>' || memmem(bytes, size, name + 1, strlen(name + 1)) == NULL) continue;
    if (strikes(name)) __builtin_trap();
  }
}

static void* real(void** cache, const char* name) {
  if (*cache == NULL) *cache = dlsym(RTLD_NEXT, name);
  return *cache;
}

#define FAILING(type, failure, name, parameters, arguments) \
  type name parameters {                                    \
    static void* cache;                                     \
    if (strikes(#name)) return failure;                     \
    return ((type(*) parameters)real(&cache, #name))arguments; \
  }

FAILING(pid_t, -1, fork, (void), ())
FAILING(pid_t, -1, setsid, (void), ())
FAILING(int, -1, chdir, (const char* path), (path))
FAILING(int, -1, chroot, (const char* path), (path))
FAILING(int, -1, setgroups, (size_t size, const gid_t* list), (size, list))
FAILING(int, -1, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s))
FAILING(int, -1, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s))
FAILING(int, -1, pipe2, (int ends[2], int flags), (ends, flags))
FAILING(int, -1, socketpair, (int d, int t, int p, int ends[2]), (d, t, p, ends))
FAILING(int, -1, signalfd, (int fd, const sigset_t* set, int flags), (fd, set, flags))
FAILING(int, -1, epoll_create1, (int flags), (flags))
FAILING(int, -1, epoll_create, (int size), (size))
FAILING(int, -1, epoll_ctl, (int e, int op, int fd, struct epoll_event* event), (e, op, fd, event))
FAILING(int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(int, -1, setsockopt, (int fd, int level, int name, const void* value, socklen_t size),
        (fd, level, name, value, size))
FAILING(int, -1, bind, (int fd, const struct sockaddr* name, socklen_t size), (fd, name, size))
FAILING(int, -1, listen, (int fd, int backlog), (fd, backlog))
FAILING(int, -1, accept4, (int fd, struct sockaddr* peer, socklen_t* size, int flags),
        (fd, peer, size, flags))
FAILING(int, -1, connect, (int fd, const struct sockaddr* name, socklen_t size), (fd, name, size))
FAILING(int, -1, flock, (int fd, int operation), (fd, operation))
FAILING(int, -1, ftruncate, (int fd, off_t size), (fd, size))
FAILING(ssize_t, -1, pwrite, (int fd, const void* from, size_t size, off_t at), (fd, from, size, at))
FAILING(ssize_t, -1, getrandom, (void* to, size_t size, unsigned flags), (to, size, flags))
FAILING(void*, MAP_FAILED, mmap, (void* at, size_t size, int protection, int flags, int fd, off_t from),
        (at, size, protection, flags, fd, from))

ssize_t send(int fd, const void* from, size_t size, int flags) {
  static void* cache;
  const ssize_t sent =
      ((ssize_t(*)(int, const void*, size_t, int))real(&cache, "send"))(fd, from, size, flags);
  if (sent > 0) die_if_sent(from, sent);
  return sent;
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  static void* cache;
  const ssize_t sent =
      ((ssize_t(*)(int, const struct msghdr*, int))real(&cache, "sendmsg"))(fd, message, flags);
  ssize_t left = sent;
  for (size_t i = 0; i < message->msg_iovlen && left > 0; ++i) {
    const ssize_t size = message->msg_iov[i].iov_len;
    die_if_sent(message->msg_iov[i].iov_base, size < left ? size : left);
    left -= size;
  }
  return sent;
}

int open(const char* path, int flags, ...) {
  static void* cache;
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (strikes("open")) return -1;
  return ((int (*)(const char*, int, ...))real(&cache, "open"))(path, flags, mode);
}

// The numeric form needs no resolver and always passes.
int getaddrinfo(const char* host, const char* port, const struct addrinfo* hints,
                struct addrinfo** found) {
  static void* cache;
  if ((hints->ai_flags & AI_NUMERICHOST) == 0 && strikes("getaddrinfo")) return EAI_AGAIN;
  return ((int (*)(const char*, const char*, const struct addrinfo*, struct addrinfo**))real(
      &cache, "getaddrinfo"))(host, port, hints, found);
}

// The operator new of C++. The compiler flag -fexceptions lets its exception pass through C code.
void* _Znwm(size_t size) {
  static void* cache;
  if (strikes("new")) ((void (*)(void))dlsym(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv"))();
  return ((void* (*)(size_t))real(&cache, "_Znwm"))(size);
}
