// What became of the last reload, for those who asked for it: the file PIDFILE.reload.
//
// Lines of key=value: `result` (ok, failed), `generation` (the one that serves now), `started`
// (when the reload began: seconds since boot, as in /proc/uptime, rounded down) and one or more
// `message`. Replaced as a whole, so a reader never sees half of it; removed with the pid file. Who
// wants to know notes the time, sends SIGHUP, and waits for a reload that was started no earlier:
// whatever other reloads are under way, that one has read the configuration as it is now.
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
  explicit ReloadReport(const std::string& pid_file);
  ~ReloadReport();
  ReloadReport(const ReloadReport&) = delete;
  ReloadReport& operator=(const ReloadReport&) = delete;

  // Returns the system's reason when it cannot be written; then there is no file at all, rather
  // than an old answer.
  std::string publish(const ReloadOutcome& outcome);

 private:
  std::string path_;  // absolute: the daemon changes its directory
  pid_t owner_ = 0;   // who has published, and removes it
};

}  // namespace master
