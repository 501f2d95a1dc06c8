// The outcome of the last reload, for the program that asked for it: the file PIDFILE.reload.
//
// It has lines of key=value: `result` (ok, failed), `generation` (the active one), `started` (when
// the reload began: seconds since boot, as in /proc/uptime, rounded down) and one or more
// `message`. The file is replaced as a whole, so a reader never sees half of it, and is removed
// with the pid file. A caller notes the time, sends SIGHUP and waits for a reload that started no
// earlier. That one has read the configuration as it was at the call, whatever other reloads are
// under way.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "shm/ids.h"

namespace master {

struct ReloadOutcome {
  bool ok = true;
  shm::Generation generation = 1;
  std::uint64_t started_ms = 0;  // since boot
  std::vector<std::string> messages;
};

std::uint64_t boot_time_ms();  // CLOCK_BOOTTIME

class ReloadReport {
 public:
  // Without a pid file, which an empty text means, there is no report either.
  explicit ReloadReport(const std::string& pid_file);
  ~ReloadReport();
  ReloadReport(const ReloadReport&) = delete;
  ReloadReport& operator=(const ReloadReport&) = delete;

  // Returns an empty text, or the reason for a failure: the system's, or that another user may
  // change the folder. After a failure to write there is no file, so that no caller reads an old
  // outcome.
  std::string publish(const ReloadOutcome& outcome);

 private:
  std::string path_;  // absolute: the daemon changes its directory; empty: no report
  pid_t owner_ = 0;   // the process that published, and removes the file
};

}  // namespace master
