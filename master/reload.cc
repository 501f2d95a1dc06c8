// See reload.h.
#include "master/reload.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "master/configuration.h"
#include "master/start_error.h"

namespace master {
namespace {

// The segment was sized before the first worker started, so a reload cannot change these keys.
void warn_of_fixed_keys(const conf::Global& old, const conf::Global& fresh,
                        conf::Diagnostics& diagnostics) {
  const auto warn = [&](const std::string& key, unsigned was, unsigned is,
                        const conf::Position& where) {
    if (was == is) return;
    diagnostics.warning(conf::Lint::needs_restart, where.file ? where : fresh.where,
                        key + " stays at " + std::to_string(was) + " until pound is restarted");
  };
  warn("MaxSessions", old.max_sessions, fresh.max_sessions, fresh.max_sessions_where);
  warn("MaxLimits", old.max_limits, fresh.max_limits, fresh.max_limits_where);
}

}  // namespace

StartFolder::StartFolder() {
  std::error_code error;
  path_ = std::filesystem::current_path(error);
}

StartFolder::Visit::Visit(const StartFolder& folder) {
  std::error_code error;
  const bool away = std::filesystem::current_path(error) != folder.path_;
  entered_ = away && ::chdir(folder.path_.c_str()) == 0;
}

StartFolder::Visit::~Visit() {
  // The root directory always exists. If chdir(2) failed, the next visit would still work.
  if (entered_ && ::chdir("/") != 0) return;
}

Generation build_next(worker::Heritage heritage, shm::Generation number, const Generation& active,
                      WakeFds& wake_fds, conf::Diagnostics& diagnostics) {
  check_rights(heritage, ::geteuid(), ::getegid());
  warn_of_fixed_keys(active.heritage.config->global, heritage.config->global, diagnostics);
  heritage.session_secret = active.heritage.session_secret;
  keep_identities(heritage.auth.files, active.heritage.auth.files);
  heritage.started_ms = active.heritage.started_ms;
  wake_fds.grow(rows_needed(heritage.workers, active.heritage.segment->workers().rows_in_use()));
  return make_generation(number, std::move(heritage), &active, *active.heritage.segment, wake_fds,
                         active.inherited);
}

}  // namespace master
