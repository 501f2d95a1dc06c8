// The file of a Unix socket that Pound listens on.
//
// Binds a socket to a path, sets its permissions, and removes the file at the end of its life,
// unless another file has taken its place. Replaces the socket that a killed process has left.
// Replaces neither a socket on which a process listens nor a file that is not a socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace master {

// The permissions of a socket file. A user who may write to it may connect. Another owner than the
// process needs CAP_CHOWN.
struct SocketAccess {
  unsigned mode = 0;
  std::optional<gid_t> group = {};  // default: that of the process
  std::optional<uid_t> user = {};   // likewise
};

class SocketFile {
 public:
  // Throws StartError unless a socket can be bound to the path. Changes nothing.
  static void probe(const std::string& path);

  // Binds `socket`; nobody may connect yet. The file gets its group at once, because to change it
  // later needs CAP_CHOWN. Throws StartError.
  SocketFile(std::string path, int socket, std::optional<gid_t> group = {});
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // Throws StartError.
  void allow(const SocketAccess& access) const;

 private:
  bool is_in_place() const;

  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace master
