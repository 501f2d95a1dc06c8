// See inherited_sockets.h.
#include "master/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "conf/scalar.h"

namespace master {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr std::int64_t kMost = 1024;

std::optional<std::int64_t> number_in(const char* variable) {
  const char* const text = ::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return conf::parse_whole_number(text);
}

int option_of(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

InheritedSockets::InheritedSockets() {
  const bool are_ours = number_in("LISTEN_PID") == ::getpid();
  const std::int64_t count = are_ours ? number_in("LISTEN_FDS").value_or(0) : 0;
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  for (int i = 0; i < std::min(count, kMost); ++i) take(kFirst + i);
}

void InheritedSockets::take(int fd) {
  Socket one;
  one.address.size = sizeof one.address.storage;
  auto* const name = reinterpret_cast<sockaddr*>(&one.address.storage);
  const bool is_listening = option_of(fd, SO_TYPE) == SOCK_STREAM &&
                            option_of(fd, SO_ACCEPTCONN) == 1 &&
                            ::getsockname(fd, name, &one.address.size) == 0;
  const int family = one.address.storage.ss_family;
  if (!is_listening || (family != AF_INET && family != AF_INET6 && family != AF_UNIX)) {
    lines_.push_back("the inherited descriptor " + std::to_string(fd) +
                     " is not a listening socket; it is closed");
    return;
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  one.fd = std::make_shared<const worker::net::UniqueFd>(fd);
  sockets_.push_back(std::move(one));
}

std::set<int> InheritedSockets::fds() const {
  std::set<int> all;
  for (const Socket& one : sockets_) all.insert(one.fd->get());
  return all;
}

const InheritedSockets::Socket* InheritedSockets::find(
    const worker::net::SocketAddress& address) const {
  const std::string wanted = host_port_text(address);
  const auto found = std::ranges::find_if(
      sockets_, [&](const Socket& one) { return host_port_text(one.address) == wanted; });
  return found == sockets_.end() ? nullptr : &*found;
}

}  // namespace master
