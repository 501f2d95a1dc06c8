// The hooks of evil.h: recv(2) runs attacks, mmap(2) and munmap(2) keep the list of shared mappings.
#include "evil.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>

namespace evil {
namespace {

constexpr std::string_view kOrder = "GET /evil/";

// Functions, because the hooks run before the static objects of this file exist.
std::map<std::string, Act>& attacks() {
  static std::map<std::string, Act> all;
  return all;
}

std::vector<Map>& maps() {
  static std::vector<Map> all;
  return all;
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void forget(const char* at, std::size_t size) {
  std::erase_if(maps(), [&](const Map& map) { return map.at < at + size && at < map.at + map.size; });
}

// "NAME/ARGUMENT HTTP/1.1…"
std::string run(std::string_view order) {
  order = order.substr(0, order.find(' '));
  const std::size_t slash = order.find('/');
  const std::string name(order.substr(0, slash));
  const auto found = attacks().find(name);
  if (found == attacks().end()) return "there is no attack " + name;
  return found->second(slash == order.npos ? "" : std::string(order.substr(slash + 1)));
}

void answer(int fd, const std::string& words) {
  const std::string text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(words.size()) + "\r\n\r\n" + words;
  static const auto send = real<ssize_t (*)(int, const void*, size_t, int)>("send");
  (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace

Attack::Attack(const char* name, Act act) { attacks()[name] = act; }

const std::vector<Map>& shared_maps() { return maps(); }

std::string call(long number, long a, long b, long c, long d, long e, long f) {
  const long result = ::syscall(number, a, b, c, d, e, f);
  return result < 0 ? "error " + std::to_string(errno) : std::to_string(result);
}

}  // namespace evil

extern "C" {

__attribute__((visibility("default"))) ssize_t recv(int fd, void* to, size_t size, int flags) {
  static const auto real = evil::real<ssize_t (*)(int, void*, size_t, int)>("recv");
  const ssize_t n = real(fd, to, size, flags);
  if (n <= 0 || (flags & MSG_PEEK) != 0) return n;
  const std::string_view got(static_cast<const char*>(to), static_cast<size_t>(n));
  if (!got.starts_with(evil::kOrder)) return n;
  evil::answer(fd, evil::run(got.substr(evil::kOrder.size())));
  return 0;  // as if the client had closed the connection
}

__attribute__((visibility("default"))) void* mmap(void* at, size_t size, int protection, int flags,
                                                  int fd, off_t from) {
  static const auto real = evil::real<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  void* const made = real(at, size, protection, flags, fd, from);
  if (made == MAP_FAILED) return made;
  evil::forget(static_cast<char*>(made), size);
  if ((flags & MAP_SHARED) != 0) {
    evil::maps().push_back({static_cast<char*>(made), size, protection, fd});
  }
  return made;
}

__attribute__((visibility("default"))) int munmap(void* at, size_t size) {
  static const auto real = evil::real<int (*)(void*, size_t)>("munmap");
  const int result = real(at, size);
  if (result == 0) evil::forget(static_cast<char*>(at), size);
  return result;
}

}  // extern "C"
