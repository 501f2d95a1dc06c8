#include "master/inherited_sockets.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

// What it takes over is tested from outside (t/e2e/control/test_inherited_sockets.py): descriptors
// from 3 on belong to this program.
TEST_CASE("inherited_sockets: nothing, unless it is announced for this process") {
  const std::string own = std::to_string(::getpid());
  const std::string foreign = std::to_string(::getppid());
  struct Case {
    const char* pid;
    const char* count;
  };
  for (const Case& one : {Case{foreign.c_str(), "1"}, Case{"", "1"}, Case{own.c_str(), "0"},
                          Case{own.c_str(), "-1"}, Case{own.c_str(), "x"}, Case{"x", "1"}}) {
    ::setenv("LISTEN_PID", one.pid, 1);
    ::setenv("LISTEN_FDS", one.count, 1);
    ::setenv("LISTEN_FDNAMES", "a", 1);
    master::InheritedSockets none;
    CHECK(none.fds().empty());
    CHECK(none.find(worker::net::path_address("/a")) == nullptr);
    CHECK(none.close_unused([](const auto&) { return false; }).empty());
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      CHECK(::getenv(name) == nullptr);
    }
  }
}
