// Listening sockets that the service manager has opened for Pound (systemd, sd_listen_fds(3)).
//
// A listener whose address one of them has uses it and binds none. They stay open until Pound ends,
// so that a listener that a reload takes away and another brings back finds its socket. Those that
// no listener has at the start are closed.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

namespace master {

class InheritedSockets {
 public:
  struct Socket {
    worker::net::SocketAddress address;
    std::shared_ptr<const worker::net::UniqueFd> fd;
  };

  // Takes the sockets that the environment announces for this process, if any, and removes the
  // variables from it, so that no child takes them for its own. Call it once, before anything is
  // opened.
  InheritedSockets();

  std::set<int> fds() const;
  // Null when there is none with this address.
  const Socket* find(const worker::net::SocketAddress& address) const;
  // Closes those that `is_used` does not want. Returns a line for the log for each of them, and for
  // each announced descriptor that is no listening stream socket.
  template <class IsUsed>
  std::vector<std::string> close_unused(IsUsed is_used) {
    std::erase_if(sockets_, [&](const Socket& one) {
      if (is_used(one.address)) return false;
      lines_.push_back("the inherited socket " + worker::net::host_port_text(one.address) +
                       " belongs to no listener; it is closed");
      return true;
    });
    return std::move(lines_);
  }

 private:
  void take(int fd);

  std::vector<Socket> sockets_;
  std::vector<std::string> lines_;
};

}  // namespace master
