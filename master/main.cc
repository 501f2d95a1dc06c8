// The program: options, configuration, segment, sockets, daemon, supervisor. Only the order of the
// steps is here. The files that it includes do the work.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "master/clock.h"
#include "master/configuration.h"
#include "master/convert/main.h"
#include "master/ctl/main.h"
#include "master/daemonize.h"
#include "master/descriptors.h"
#include "master/generation.h"
#include "master/inherited_sockets.h"
#include "master/log_queue.h"
#include "master/options.h"
#include "master/pid_file.h"
#include "master/privileges.h"
#include "master/reload.h"
#include "master/reload_report.h"
#include "master/signals.h"
#include "master/start_error.h"
#include "master/start_report.h"
#include "master/stream_sink.h"
#include "master/supervisor.h"
#include "master/syslog_sink.h"
#include "master/wake_fds.h"

namespace master {
namespace {

constexpr int kExitUsage = 2;
constexpr char kNoFile[] =
    "pound: -f FILE names another file. To write one, start from pound.yaml.sample, which is among "
    "the sources and is installed in share/doc/pound/examples.\n";

constexpr char kUnsealed[] =
    "this kernel cannot seal shared memory (Linux 5.1 can): a worker that an attacker has taken "
    "over "
    "could write what only the master writes";

std::unique_ptr<LogSink> make_sink(const Options& options, const conf::Global& global) {
  if (options.foreground) return std::make_unique<StreamSink>(STDOUT_FILENO);
  return std::make_unique<SyslogSink>(global.log_socket, global.log_facility);
}

int check(const Options& options) {
  std::printf("%s: configuration is valid\n", options.config_file.c_str());
  return 0;
}

bool is_missing(const std::string& path) {
  std::error_code error;
  return !std::filesystem::exists(path, error) && !error;
}

// Closes the sockets that no listener has.
std::vector<std::string> match(InheritedSockets& inherited, const worker::Heritage& heritage) {
  std::set<std::string> wanted;
  for (const worker::route::ListenerHeritage& listener : heritage.listeners) {
    for (const auto& address : listener.addresses) wanted.insert(host_port_text(address));
  }
  return inherited.close_unused(
      [&](const auto& address) { return wanted.contains(host_port_text(address)); });
}

int serve(const Options& options, worker::Heritage heritage, const conf::Diagnostics& diagnostics,
          InheritedSockets& inherited, StartupPipe& startup_pipe) {
  const ReloadSource reload_source{options.config_file, StartFolder()};
  check_rights(heritage, ::geteuid(), ::getegid());
  const std::uint64_t files = raise_file_limit();
  Signals signals;
  std::optional<PidFile> pid_file;
  if (!options.pid_file.empty()) pid_file.emplace(options.pid_file);
  shm::Segment segment(shm::SegmentSize{.max_sessions = heritage.config->global.max_sessions,
                                        .max_limits = heritage.config->global.max_limits});
  heritage.session_secret = make_session_secret();
  heritage.started_ms = now_ms();
  segment.log_detail() = static_cast<std::uint32_t>(options.detail);
  WakeFds wake_fds(rows_needed(heritage.workers));
  const StartReport report(heritage, diagnostics, files);
  LogQueue log_queue(make_sink(options, heritage.config->global), options.detail);
  const std::vector<std::string> unmatched = match(inherited, heritage);
  Generation generation =
      make_generation(1, std::move(heritage), nullptr, segment, wake_fds,
                      std::make_shared<const InheritedSockets>(std::move(inherited)));
  ReloadReport reload_report(options.pid_file);
  if (!options.foreground) startup_pipe = daemonize();
  if (pid_file) pid_file->write();
  report.write(log_queue);
  for (const std::string& line : unmatched) {
    log_queue.log(worker::log::Severity::warning, line);
  }
  if (!segment.is_sealed()) log_queue.log(worker::log::Severity::warning, kUnsealed);
  const auto sink_for = [&](const conf::Global& global) { return make_sink(options, global); };
  return Supervisor({signals, wake_fds, log_queue, startup_pipe, reload_report, reload_source,
                     sink_for, !options.foreground},
                    std::move(generation))
      .run();
}

int run(int argc, char** argv, StartupPipe& startup_pipe) {
  InheritedSockets inherited;
  tidy_descriptors(inherited.fds());
  const Options options = parse_options(argc, argv);
  if (options.action == Options::Action::version) {
    std::puts("pound " POUND_VERSION);
    return 0;
  }
  if (options.action == Options::Action::help) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  Preparation preparation(options.config_file);
  preparation.complete();
  std::fputs(preparation.diagnostics().text().c_str(), stderr);
  if (!preparation.heritage()) {
    if (is_missing(options.config_file)) std::fputs(kNoFile, stderr);
    return 1;
  }
  if (options.action == Options::Action::check) return check(options);
  return serve(options, std::move(*preparation.heritage()), preparation.diagnostics(), inherited,
               startup_pipe);
}

}  // namespace
}  // namespace master

int main(int argc, char** argv) {
  if (argc > 0 && master::ctl::is_called(argv[0])) return master::ctl::main(argc, argv);
  if (argc > 0 && master::convert::is_called(argv[0])) return master::convert::main(argc, argv);
  // Outlives everything else: when the command returns 1, all errors are written and all files are
  // removed.
  master::StartupPipe startup_pipe;
  try {
    return master::run(argc, argv, startup_pipe);
  } catch (const master::UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return master::kExitUsage;
  } catch (const master::StartFailed&) {
    return 1;
  } catch (const master::StartError& error) {
    for (const std::string& reason : error.reasons) master::write_stderr(reason);
    return 1;
  } catch (const std::exception& error) {
    master::write_stderr(error.what());
    return 1;
  }
}
