// The master's life: births, deaths, signals and deadlines, in one ppoll(2) loop.
//
//   starting ──all ready──► running ──INT, QUIT──► draining ──all gone──► stopped
//      │                       │ HUP: reload          │                      ▲
//      └── a death, 10 s, TERM ┴────── TERM ──────────┴─► stopping ──reaped──┘
//
// Owns the processes and the generations they serve (their lives: generation.h). The first
// generation is started like any later one; only its failure is the end. The supervisor ends when
// all processes are reaped. Never speaks HTTP and never touches a client's byte.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "master/daemonize.h"
#include "master/generation.h"
#include "master/log_drain.h"
#include "master/log_queue.h"
#include "master/process_table.h"
#include "master/reload.h"
#include "master/reload_report.h"
#include "master/respawn_plan.h"
#include "master/signals.h"
#include "master/status.h"
#include "master/ticket_rotation.h"
#include "master/wake_fds.h"
#include "master/watchdog.h"

namespace master {

inline constexpr std::uint64_t kReadyMs = 10'000;  // from a worker's birth to its ready byte
inline constexpr std::uint64_t kStopMs = 2000;     // from TERM to KILL
inline constexpr std::uint64_t kGraceExtraMs = 1000;
inline constexpr std::uint64_t kHandOverMs = 1000;  // for old workers to stop accepting

// What the supervisor works with and does not own.
struct Surroundings {
  Signals& signals;
  WakeFds& wake_fds;
  LogQueue& log_queue;
  StartupPipe& startup_pipe;
  ReloadReport& reload_report;
  const ReloadSource& reload_source;
  // The way of the log as a configuration wants it.
  std::function<std::unique_ptr<LogSink>(const conf::Global&)> make_sink;
  bool detached = false;  // in the background
};

class Supervisor {
 public:
  Supervisor(Surroundings surroundings, Generation generation);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until all is over; returns the exit status of the program.
  int run();

 private:
  enum class Phase { starting, running, draining, stopping };

  // births
  void spawn(const Generation& generation, shm::Slot slot);
  void spawn_all(const Generation& generation);
  void respawn_due();
  void on_ready(WorkerId id, Process& process);
  void on_first_active();
  static void send_to_work(Process& process);

  // deaths
  void reap();
  void on_exit(WorkerId id, const Process& process, int status);
  void tell_death(const Generation& generation, const std::string& name, int status);
  void plan_successor(WorkerId id, const Process& process);
  void forget_if_gone(shm::Generation number);

  // when something threw
  void survive(const char* what);
  void mend();

  // generations
  void reload();
  std::string why_not_now();
  bool put_off();
  void activate(Generation& fresh);
  void let_go(const Generation& fresh);
  void change_over(const Generation& fresh, const std::string& change);
  void fail_candidate(std::vector<std::string> reasons);
  void abandon(Generation& generation);
  void drain_generation(Generation& generation);
  void retire_rows();
  void publish(bool ok, std::vector<std::string> messages);
  void publish_when_handed_over();
  Generation* candidate();
  // The active one leaves only with the whole program, whose deadline is another.
  bool is_leaving(const Generation& generation) const {
    return generation.state == Generation::State::draining && generation.number != active_;
  }
  Generation& active() { return generations_.at(active_); }
  std::vector<const Generation*> all_generations() const;  // the active one last

  // orders
  void on_signal(int number);
  void drain();
  void stop();
  void fail_start(const std::string& reason);
  void want_reload();

  // the loop
  void turn();
  void wait();
  int timeout_ms() const;
  void read_controls(const std::vector<WorkerId>& ids, const std::vector<pollfd>& polled);
  void read_control(WorkerId id, Process& process);
  void check_deadlines();
  void check_readiness(std::uint64_t now);
  void check_grace(std::uint64_t now);

  Surroundings around_;
  std::map<shm::Generation, Generation> generations_;
  shm::Generation active_;  // the one that serves; at the start the one that is to
  shm::Generation last_;    // the highest number that was given to one
  shm::Segment& segment_;
  LogDrain log_drain_;
  TicketRotation tickets_;
  StatusReport status_;
  Watchdog watchdog_;
  ProcessTable processes_;
  RespawnPlan plan_;
  Phase phase_ = Phase::starting;
  std::uint64_t deadline_ms_ = 0;       // of draining and stopping
  bool reload_wanted_ = false;          // HUPs that came since the last reload began, however many
  bool reload_put_off_ = false;         // and it was told why it waits
  unsigned reload_needs_ = 0;           // workers that it wants; 0 = not known yet
  std::uint64_t reload_began_ms_;       // since boot: the start is the first one
  std::unique_ptr<LogSink> next_sink_;  // of the candidate, if it logs elsewhere
  std::string unpublished_;             // its outcome, while old workers may still accept clients
  std::uint64_t hand_over_ms_ = 0;
  bool is_shaken_ = false;  // the last turn was not finished
  std::uint64_t trouble_told_ms_ = 0;
  int exit_status_ = 0;
};

}  // namespace master
