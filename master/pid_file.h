// The pid file: names the running master, and makes sure that there is only one.
//
// Owns the open file and its lock. The lock is a flock(2), which belongs to the open file and so
// survives the forks of daemonize. The program claims the file first, so that a second start fails
// before it touches anything, and writes it when the master's pid is known. The process that
// claimed or wrote it last removes it, unless another file has taken its place. Never follows a
// link and never touches anything but a regular file. Refuses a file, or a folder, that anybody
// else owns or may write: that user could name another process to the administrator's scripts.
#pragma once

#include <sys/types.h>

#include <string>

#include "worker/net/unique_fd.h"

namespace master {

class PidFile {
 public:
  // Opens and locks the file. A file without a lock is stale, and is taken over. Waits up to a
  // second for the lock, because a process that was just killed still has it. Throws StartError:
  // "pid file P: another pound runs as pid N", what makes the file or its folder unsafe, or the
  // system's reason.
  explicit PidFile(const std::string& path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Writes the pid of the calling process, which from now on is the one that removes the file.
  void write();

 private:
  bool is_still_ours() const;

  std::string path_;  // absolute: the daemon changes its directory
  worker::net::UniqueFd file_;
  pid_t owner_;
};

}  // namespace master
