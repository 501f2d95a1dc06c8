// The next generation, built from the configuration file as it is now, beside the one that serves.
//
// Everything that can be checked without a process is checked here; what fails here has changed
// nothing. Forks nothing and tells nobody: that is the supervisor's. Reading names may block in
// the resolver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "master/generation.h"
#include "master/options.h"

namespace master {

// Relative paths mean the folder in which the program was started, though a daemon has left it.
class StartFolder {
 public:
  StartFolder();  // the present one

  // There while it lives, then back in the root directory if that is where we were. When the folder
  // is gone, relative paths mean the root directory.
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
  std::string path_;  // empty: it has no name
};

// What a reload reads again.
struct ReloadSource {
  std::string config_file;
  StartFolder folder;
};

// Nothing when there are errors among `diagnostics`. Throws StartError, and whatever else stands in
// the way (no memory).
std::optional<Generation> build_next(const ReloadSource& source, shm::Generation number,
                                     const Generation& active, WakeFds& wake_fds,
                                     conf::Diagnostics& diagnostics);

}  // namespace master
