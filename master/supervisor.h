// The life of the master: it starts workers, reaps them, reloads and stops.
//
//   starting ──all ready──► running ──INT, QUIT──► draining ──all gone──► stopped
//      │                       │ HUP: reload          │                      ▲
//      └── a death, 10 s, TERM ┴────── TERM ──────────┴─► stopping ──reaped──┘
//
// Owns the worker processes and the generations that they serve (generation.h has their states).
// The first generation starts in the same way as one after a reload, but its failure ends the
// program. run() returns when all processes are reaped. Never speaks HTTP, never touches a client's
// byte, and waits nowhere but in its poller.
//
// The parts are in files of their own: supervisor.cc has the event loop, supervisor_start.cc starts
// workers, supervisor_reload.cc replaces a generation, supervisor_retire.cc lets the old one go,
// supervisor_deaths.cc reaps, supervisor_control.cc has the commands of the control socket, and
// supervisor_stop.cc ends the program.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "master/auth_helpers.h"
#include "master/certificate_watch.h"
#include "master/configuration.h"
#include "master/control/backend_commands.h"
#include "master/control/commands.h"
#include "master/control/health_command.h"
#include "master/control/reload_waiters.h"
#include "master/control/server.h"
#include "master/control/session_commands.h"
#include "master/control/standby_commands.h"
#include "master/daemonize.h"
#include "master/disposal.h"
#include "master/generations.h"
#include "master/log_drain.h"
#include "master/log_queue.h"
#include "master/name_refresh.h"
#include "master/poller.h"
#include "master/process_table.h"
#include "master/reload.h"
#include "master/reload_report.h"
#include "master/respawn_plan.h"
#include "master/segment_check.h"
#include "master/signals.h"
#include "master/standby_pause.h"
#include "master/status.h"
#include "master/ticket_rotation.h"
#include "master/wake_fds.h"
#include "master/watchdog.h"

namespace master {

inline constexpr std::uint64_t kReadyMs = 10'000;     // from a worker's start to its ready byte
inline constexpr std::uint64_t kStopMs = 2000;        // from TERM to KILL
inline constexpr std::uint64_t kGraceExtraMs = 1000;  // for a worker to end after its Grace
inline constexpr std::uint64_t kHandOverMs = 1000;    // for old workers to stop accepting

// What the supervisor uses and does not own.
struct Environment {
  Signals& signals;
  WakeFds& wake_fds;
  LogQueue& log_queue;
  StartupPipe& startup_pipe;
  ReloadReport& reload_report;
  const ReloadSource& reload_source;
  // Makes the log sink that a configuration asks for.
  std::function<std::unique_ptr<LogSink>(const conf::Global&)> make_sink;
  bool detached = false;  // the program runs in the background
};

class Supervisor {
 public:
  Supervisor(Environment environment, Generation first);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Runs until the program ends; returns its exit status.
  int run();

 private:
  enum class Phase { starting, running, draining, stopping };
  using Severity = worker::log::Severity;

  // supervisor.cc: the event loop
  void add_sources();
  void add_watch(int fd, short events, void (Supervisor::*on_event)(std::uint64_t));
  void add_task(std::uint64_t (Supervisor::*due_ms)() const,
                void (Supervisor::*do_task)(std::uint64_t));
  void on_signals(std::uint64_t now_ms);
  void on_signal(int number);
  void on_doorbell(std::uint64_t now_ms);
  void on_log_writable(std::uint64_t now_ms);
  void survive(const char* what);
  std::uint64_t recovery_due_ms() const { return needs_recovery_ ? kNow : kNever; }
  void recover(std::uint64_t now_ms);
  std::uint64_t names_due_ms() const { return names_.due_ms(); }
  void refresh_names(std::uint64_t now_ms) { names_.turn(generations_.active(), now_ms); }
  std::uint64_t helpers_due_ms() const { return helpers_.due_ms(); }
  void start_helpers(std::uint64_t now_ms) { helpers_.turn(generations_.all(), now_ms); }
  std::uint64_t certificates_due_ms() const { return certificates_.due_ms(); }
  void watch_certificates(std::uint64_t now_ms) { certificates_.turn(now_ms, std::time(nullptr)); }
  std::uint64_t tickets_due_ms() const { return tickets_.due_ms(); }
  void rotate_tickets(std::uint64_t now_ms) { tickets_.rotate(now_ms, std::time(nullptr)); }
  std::uint64_t watchdog_due_ms() const;
  void run_watchdog(std::uint64_t now_ms);
  std::uint64_t status_due_ms() const { return status_.due_ms(); }
  void send_status(std::uint64_t now_ms);
  std::uint64_t log_due_ms() const { return log_drain_.due_ms(); }
  void drain_log(std::uint64_t now_ms) { log_drain_.turn(now_ms); }
  void log(Severity severity, std::string_view text) { env_.log_queue.log(severity, text); }

  // supervisor_start.cc: from the fork of a worker to its first client
  void spawn(const Generation& generation, shm::Slot slot);
  void restore_sockets();
  void spawn_all(const Generation& generation);
  std::uint64_t respawn_due_ms() const { return plan_.due_ms(); }
  void respawn(std::uint64_t now_ms);
  void read_control(WorkerId id);
  void on_ready(WorkerId id, Process& process);
  static void let_accept(Process& process);
  void on_first_active();
  std::uint64_t readiness_due_ms() const;
  void check_readiness(std::uint64_t now_ms);
  void fail_start(const std::string& reason);

  // supervisor_deaths.cc: reaping, and the plan of successors
  std::uint64_t reaping_due_ms() const { return has_dead_children_ ? kNow : kNever; }
  void reap(std::uint64_t now_ms);
  void on_exit(WorkerId id, const Process& process, int status);
  void repair_after(const Process& process, int status);
  std::uint64_t segment_check_due_ms() const { return segment_check_.due_ms(); }
  void check_segment(std::uint64_t now_ms) { segment_check_.turn(now_ms); }
  void log_death(const Generation& generation, const std::string& name, const std::string& end,
                 int status);
  void plan_successor(WorkerId id, const Process& process);

  // supervisor_reload.cc: the next generation replaces the active one
  void request_reload();
  std::uint64_t reload_due_ms() const;
  void reload(std::uint64_t now_ms);
  std::uint64_t prepare_due_ms() const;
  void prepare(std::uint64_t now_ms);
  void start_candidate(Preparation& prepared);
  std::string why_not_now() const;
  bool postpone_reload();
  void activate(Generation& next);
  void put_to_work(const Generation& next);
  void hand_over(const Generation& next, const std::string& change);
  std::uint64_t hand_over_due_ms() const;
  void finish_hand_over(std::uint64_t now_ms);
  void fail_candidate(std::vector<std::string> reasons);
  void publish(bool ok, std::vector<std::string> messages);

  // supervisor_retire.cc: a generation leaves
  void drain_generation(Generation& generation);
  void abandon(Generation& generation);
  void forget_if_gone(shm::Generation number);
  std::uint64_t leaving_due_ms() const;
  void kill_late_leavers(std::uint64_t now_ms);
  void retire_rows();
  std::uint64_t disposal_due_ms() const { return disposal_.due_ms(); }
  void dispose(std::uint64_t now_ms) { disposal_.turn(now_ms); }

  // supervisor_control.cc: commands of the control socket
  void add_commands();
  control::Serving serving() const;
  void set_level_and_answer(const control::Call& call);
  void reload_and_answer(const control::Call& call);
  void stop_and_answer(control::Call call);
  int control_fd() const;
  bool is_worker(pid_t pid) const;

  // supervisor_stop.cc: the program ends
  void drain();
  void stop();
  std::uint64_t stop_due_ms() const;
  void on_stop_deadline(std::uint64_t now_ms);

  bool is_starting_or_running() const {
    return phase_ == Phase::starting || phase_ == Phase::running;
  }

  Environment env_;
  Generations generations_;
  Disposal disposal_;  // of former generations
  shm::Segment& segment_;
  LogDrain log_drain_;
  AuthHelpers helpers_;
  NameRefresh names_;
  CertificateWatch certificates_;
  TicketRotation tickets_;
  SegmentCheck segment_check_;
  StatusReport status_;
  Watchdog watchdog_;
  Poller poller_;
  std::vector<Poller::Source> sources_;  // all but those of the workers' control sockets
  control::Commands commands_;
  control::BackendCommands backend_commands_;
  control::SessionCommands session_commands_;
  control::StandbyCommands standby_commands_;
  StandbyPause standby_pause_;
  control::Server control_;
  ProcessTable processes_;
  RespawnPlan plan_;
  Phase phase_ = Phase::starting;
  std::uint64_t stop_deadline_ms_ = 0;  // of the phases draining and stopping
  bool has_dead_children_ = false;      // SIGCHLD came, and not all dead are reaped
  bool needs_recovery_ = false;         // an exception ended the last pass of the loop
  std::uint64_t trouble_logged_ms_ = 0;
  int exit_status_ = 0;

  // HUPs that come before a reload begins become one reload.
  struct Reload {
    bool is_wanted = false;
    bool is_delay_logged = false;
    std::unique_ptr<Preparation> preparation;  // of the next candidate; nullptr: none is under way
    unsigned workers_needed = 0;               // 0: not known before the configuration is read
    std::uint64_t began_ms =
        boot_time_ms();  // of the last one, since boot; the start counts as the first
    std::unique_ptr<LogSink> next_sink;  // the candidate's, if it logs elsewhere
  } reload_;

  control::ReloadWaiters reload_waiters_;

  // After the change of generations: old workers may still accept clients for a moment.
  struct HandOver {
    std::string outcome;  // to be published at the end; empty: no hand-over is under way
    std::uint64_t deadline_ms = 0;
  } hand_over_;
};

}  // namespace master
