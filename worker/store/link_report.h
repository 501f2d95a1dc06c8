// Says how a worker's connection to the session store is: to status and metrics at once, to the log
// with one line for each change.
//
// All workers see the same store, so the first one that notices a change writes the line. A store
// that goes and comes all the time has a line now and then only.
#pragma once

#include <cstdint>
#include <string>

#include "conf/config.h"
#include "shm/store_state.h"
#include "worker/log/log.h"
#include "worker/log/occasional.h"

namespace worker::store {

class LinkReport {
 public:
  // `config`: another store is news. All arguments but this outlive it.
  LinkReport(const conf::SessionStore& config, shm::StoreState& state, shm::Row row, log::Log& log);

  shm::StoreLink link() const { return link_; }
  // The worker has begun to connect; no line says so.
  void begin();
  // `line` goes on behind the name of the server, `title`. `has_answered`: of a store that is down,
  // see Down; that it does no longer fail to answer, but refuses, is a change as well.
  void set(shm::StoreLink link, const std::string& title, const std::string& line,
           bool has_answered = false);
  // Writes the line of the last change, if it still has to be written and may be now.
  void say();

 private:
  shm::StoreState& state_;
  shm::Row row_;
  log::Log& log_;
  std::uint64_t store_id_;
  shm::StoreLink link_ = shm::StoreLink::none;
  std::uint64_t news_ = 0;  // of the last change: StoreState::tell()
  std::string line_;        // likewise; empty: it was written
  log::Occasional trouble_;
};

}  // namespace worker::store
