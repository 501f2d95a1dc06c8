// The command `session`: looks at sessions and changes them by hand.
//
// The table stores keyed hashes, so a session is found by the text that its client sends, and a
// list cannot say whose the sessions are. No text of a client is logged. The locks of the table are
// tried, never waited for: a client of the command is told to try again.
#pragma once

#include <functional>
#include <string>

#include "master/control/commands.h"
#include "master/log_queue.h"
#include "shm/segment.h"
#include "worker/heritage.h"
#include "worker/route/shared_keys.h"

namespace master::control {

inline constexpr std::size_t kMostListed = 100;  // sessions

class SessionCommands {
 public:
  SessionCommands(shm::Segment& segment, LogQueue& log_queue,
                  std::function<const worker::Heritage&()> active)
      : segment_(segment), log_queue_(log_queue), active_(std::move(active)) {}
  SessionCommands(const SessionCommands&) = delete;
  SessionCommands& operator=(const SessionCommands&) = delete;

  void add_to(Commands& commands);

 private:
  void run(Call call);
  std::string list(const std::string& service_name, bool json);
  std::string show(const std::string& service_name, const std::string& text, bool json);
  std::string remove(const std::string& service_name, const std::string& text, Peer peer);
  std::string add(const std::string& service_name, const std::string& text,
                  const std::string& backend_name, Peer peer);
  void tell_store(shm::StoreOrder::Kind kind, std::uint32_t service, shm::BackendId backend,
                  const worker::route::SharedKeys& keys);
  void log(Peer peer, const std::string& what);

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::function<const worker::Heritage&()> active_;
};

}  // namespace master::control
