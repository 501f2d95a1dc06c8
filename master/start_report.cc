// See start_report.h.
#include "master/start_report.h"

#include <unistd.h>

#include "master/words.h"
#include "worker/sandbox/sandbox.h"

namespace master {
namespace {

std::string place_of(const conf::Position& where) {
  if (!where.file) return "";
  if (where.line == 0) return where.file->name + ": ";
  return where.file->name + ":" + std::to_string(where.line) + ": ";
}

}  // namespace

std::vector<std::string> warnings_of(const conf::Diagnostics& diagnostics) {
  std::vector<std::string> warnings;
  for (const conf::Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity != conf::Severity::warning) continue;
    warnings.push_back(place_of(diagnostic.where) + diagnostic.message);
  }
  return warnings;
}

StartReport::StartReport(const worker::Heritage& heritage, const conf::Diagnostics& diagnostics,
                         std::uint64_t file_limit)
    : file_limit_(file_limit) {
  const std::vector<conf::Listener>& listeners = heritage.config->listeners;
  headline_ = "pound " POUND_VERSION " started: " + count_of(heritage.workers, "worker") + ", " +
              count_of(listeners.size(), "listener") + ", " +
              count_of(heritage.backends.size(), "backend");
  warnings_ = warnings_of(diagnostics);
  if (::geteuid() == 0 && !heritage.uid) {
    warnings_.push_back("the workers run as root: set User in Global");
  }
  const std::string why = worker::sandbox::why_unavailable();
  if (worker::sandbox::kIsBuiltIn && !why.empty()) {
    warnings_.push_back("this system offers no filter of system calls (" + why +
                        "): the workers run without one");
  }
}

void StartReport::write(LogQueue& log_queue) const {
  log_queue.log(worker::log::Severity::notice, headline_);
  log_queue.log(worker::log::Severity::info,
                "each process may open " + std::to_string(file_limit_) + " files");
  for (const std::string& warning : warnings_)
    log_queue.log(worker::log::Severity::warning, warning);
}

}  // namespace master
