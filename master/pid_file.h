// The pid file: who runs under this name, and that only one does.
//
// Owns the open file and its lock (flock: it belongs to the open file, hence survives the forks of
// daemonize). Claimed first, so that a second start is refused before it touches anything; written
// when the master's pid is known; removed by the process that claimed or wrote it last, unless
// somebody has put another file there. Never follows a link, never touches what is not a plain
// file.
#pragma once

#include <sys/types.h>

#include <string>

#include "worker/net/unique_fd.h"

namespace master {

class PidFile {
 public:
  // Opens and locks; a file that nobody has locked is stale and taken over. Throws StartError:
  // "pid file P: another pound runs as pid N", or the system's reason.
  explicit PidFile(const std::string& path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Puts the calling process's pid into the file; from here on it is the one that removes it.
  void write();

 private:
  bool is_still_ours() const;

  std::string path_;  // absolute: the daemon changes its directory
  worker::net::UniqueFd file_;
  pid_t owner_;
};

}  // namespace master
