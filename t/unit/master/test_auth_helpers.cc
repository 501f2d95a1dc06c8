// Tests of master/auth_helpers with real processes: born, killed, replaced, ended.
#include "master/auth_helpers.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/clock.h"
#include "t/unit/master/heritage.h"
#include "worker/auth/wire.h"

using master::Generation;
using worker::auth::Answer;

namespace {

struct NoSink final : master::LogSink {
  Result send(std::span<const master::LogEntry> entries) override {
    for (const master::LogEntry& entry : entries) lines.emplace_back(entry.text);
    return {entries.size(), false};
  }
  std::vector<std::string> lines;
};

}  // namespace
