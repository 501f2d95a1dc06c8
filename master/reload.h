// Builds the next generation from the configuration file as it is now, beside the active one.
//
// Checks everything that can be checked without a worker. A failure leaves the active generation
// unchanged. Starts no process and logs nothing; the supervisor does. The resolver may block while
// it looks up the names of backends.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// Returns nothing when `diagnostics` has an error. Throws StartError, and other exceptions, such as
// for want of memory.
std::optional<Generation> build_next(const ReloadSource& source, shm::Generation number,
                                     const Generation& active, WakeFds& wake_fds,
                                     conf::Diagnostics& diagnostics);

}  // namespace master
