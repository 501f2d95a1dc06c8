// The master's life: births, deaths, signals and deadlines, in one ppoll(2) loop.
//
//   starting ──all ready──► running ──INT, QUIT──► draining ──all gone──► stopped
//      │                       │                      │                      ▲
//      └── a death, 10 s, TERM ┴────── TERM ──────────┴─► stopping ──reaped──┘
//
// Owns the processes and the generation they serve. The supervisor ends when all of them are
// reaped. Never speaks HTTP and never touches a client's byte.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "master/bells.h"
#include "master/daemonize.h"
#include "master/generation.h"
#include "master/journal.h"
#include "master/log_drain.h"
#include "master/process_table.h"
#include "master/respawn_plan.h"
#include "master/signals.h"
#include "master/ticket_rotation.h"

namespace master {

inline constexpr std::uint64_t kReadyMs = 10'000;  // from a worker's birth to its ready byte
inline constexpr std::uint64_t kStopMs = 2000;     // from TERM to KILL
inline constexpr std::uint64_t kGraceExtraMs = 1000;

// What the supervisor works with and does not own.
struct Surroundings {
  Signals& signals;
  Bells& bells;
  Journal& journal;
  Verdict& verdict;
  bool detached = false;  // in the background
};

class Supervisor {
 public:
  Supervisor(const Surroundings& surroundings, Generation generation);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until all is over; returns the exit status of the program.
  int run();

 private:
  enum class Phase { starting, running, draining, stopping };

  // births
  void start();
  void spawn(shm::Slot slot);
  void respawn_due();
  void on_ready(Place place, Process& process);

  // deaths
  void reap();
  void bury(Place place, const Process& process, int status);
  void plan_successor(Place place, const Process& process);

  // orders
  void on_signal(int number);
  void drain();
  void stop();
  void fail_start(const std::string& reason);
  void report_status();

  // the loop
  void turn();
  void wait();
  int timeout_ms() const;
  void read_controls(const std::vector<Place>& places, const std::vector<pollfd>& polled);
  void read_control(Place place, Process& process);
  void check_deadlines();

  Surroundings around_;
  Generation generation_;
  shm::Segment& segment_;
  LogDrain log_drain_;
  TicketRotation tickets_;
  ProcessTable processes_;
  RespawnPlan plan_;
  Phase phase_ = Phase::starting;
  std::uint64_t deadline_ms_ = 0;  // of draining and stopping
  int exit_status_ = 0;
};

}  // namespace master
