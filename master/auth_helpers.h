// The processes that check passwords (worker/auth/helper.h): one for each generation that has files
// of users.
//
// Starts a helper with its generation and another when it dies; the questions that it had are asked
// again, by the workers. A helper ends with its generation. It has the rights of the workers, no
// descriptor but its channels, and can write nothing but its section of the segment. Owns the
// processes; waits for one only when it ends all of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "master/respawn_plan.h"

namespace master {

class AuthHelpers {
 public:
  explicit AuthHelpers(LogQueue& log_queue) : log_queue_(log_queue) {}
  ~AuthHelpers() { stop(); }
  AuthHelpers(const AuthHelpers&) = delete;
  AuthHelpers& operator=(const AuthHelpers&) = delete;

  // The helper of a new generation, if it needs one. Throws StartError.
  void start(const Generation& generation, std::uint64_t now_ms);
  // The worker of a slot has died, and may have broken its channel: replaces it before a successor
  // is born, and the helper with it. Throws StartError.
  void renew_channel(Generation& generation, shm::Slot slot);
  // The generation is gone.
  void end(shm::Generation generation);
  // The master ends.
  void stop();

  // A child was reaped; its successor is planned if it was a helper.
  void on_exit(pid_t pid, int status, std::uint64_t now_ms);
  std::uint64_t due_ms() const { return plan_.due_ms(); }
  // Starts the successors that are due. `generations`: all that there are.
  void turn(const std::vector<const Generation*>& generations, std::uint64_t now_ms);

 private:
  struct Process {
    pid_t pid = 0;
    std::uint64_t born_ms = 0;
    shm::AuthMemory* memory = nullptr;
    bool is_replaced = false;  // killed by the master, which is no news
  };

  LogQueue& log_queue_;
  std::map<shm::Generation, Process> processes_;
  RespawnPlan plan_;
};

}  // namespace master
