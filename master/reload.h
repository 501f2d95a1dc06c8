// Builds the next generation from a prepared configuration, beside the active one.
//
// Checks everything that can be checked without a worker. A failure leaves the active generation
// unchanged. Starts no process and logs nothing; the supervisor does.
#pragma once

#include <string>

#include "conf/diagnostic.h"
#include "master/generation.h"
#include "master/options.h"

namespace master {

// The folder in which the program was started. Relative paths refer to it, although a daemon has
// moved to the root directory.
class StartFolder {
 public:
  StartFolder();  // the current folder

  // Changes to the folder and, at the end of its life, back to the root directory. No effect if the
  // process is in the folder already, or if the folder is gone.
  class Visit {
   public:
    explicit Visit(const StartFolder& folder);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    bool entered_ = false;
  };

 private:
  std::string path_;  // empty: the folder was deleted before the start
};

// What a reload reads.
struct ReloadSource {
  std::string config_file;
  StartFolder folder;
};

// Adds warnings to `diagnostics`. Throws StartError, and other exceptions, such as for want of
// memory.
Generation build_next(worker::Heritage heritage, shm::Generation number, const Generation& active,
                      WakeFds& wake_fds, conf::Diagnostics& diagnostics);

}  // namespace master
