#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/configuration.h"
#include "master/reload.h"
#include "master/start_error.h"
#include "t/unit/folder.h"
#include "t/unit/master/heritage.h"

namespace {

// A port that was free a moment ago. The kernel gives out many others before this one again.
std::uint16_t free_port() {
  master::ListeningSockets sockets{loopback(0), {}};
  master::bind_slots(sockets, 1);
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(sockets.all[0]->get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

// Restores the current folder at the end of a test.
struct Home {
  std::filesystem::path path = std::filesystem::current_path();
  ~Home() { std::filesystem::current_path(path); }
};

}  // namespace

TEST_CASE("reload: relative paths refer to the folder of the start") {
  const Home home;
  const Folder folder;
  std::filesystem::current_path(folder.file(""));
  const auto start = std::filesystem::current_path();
  const master::StartFolder from_here;
  std::filesystem::current_path("/");
  {
    const master::StartFolder::Visit visit(from_here);
    CHECK(std::filesystem::current_path() == start);
  }
  CHECK(std::filesystem::current_path() == "/");
}

TEST_CASE("reload: a visit to the current folder changes nothing") {
  const Home home;
  const Folder folder;
  std::filesystem::current_path(folder.file(""));
  const auto start = std::filesystem::current_path();
  const master::StartFolder from_here;
  { const master::StartFolder::Visit visit(from_here); }
  CHECK(std::filesystem::current_path() == start);
}

TEST_CASE("reload: a visit to a folder that is gone changes nothing") {
  const Home home;
  std::filesystem::path lost;
  {
    const Folder folder;
    std::filesystem::current_path(folder.file(""));
    lost = std::filesystem::current_path();
  }
  CHECK_FALSE(std::filesystem::exists(lost));
  const master::StartFolder nowhere;
  std::filesystem::current_path("/");
  { const master::StartFolder::Visit visit(nowhere); }
  CHECK(std::filesystem::current_path() == "/");
}

TEST_CASE("reload: the next generation keeps the secret and warns of keys that cannot change") {
  const Folder folder;
  folder.write("p.yaml",
               "Global: {MaxSessions: 5000, Workers: 1}\n"
               "Backends: [&b {Address: 127.0.0.1, Port: 9}]\n"
               "HTTPListeners:\n  - Address: 127.0.0.1\n    Port: " +
                   std::to_string(free_port()) + "\n    Services: [{Backends: [*b]}]\n");
  shm::Segment segment;
  master::WakeFds wake_fds(16);
  master::Generation active;
  active.heritage.config = std::make_shared<const conf::Config>();
  active.heritage.segment = &segment;
  active.heritage.session_secret[0] = 77;
  active.heritage.started_ms = 9;
  master::Preparation prepared(folder.file("p.yaml"));
  prepared.complete();
  REQUIRE(prepared.heritage());
  const master::Generation next = master::build_next(std::move(*prepared.heritage()), 2, active,
                                                     wake_fds, prepared.diagnostics());
  CHECK(next.number == 2);
  CHECK(next.heritage.session_secret[0] == 77);
  CHECK(next.heritage.started_ms == 9);
  REQUIRE(prepared.diagnostics().headlines().size() == 1);
  CHECK(prepared.diagnostics().headlines()[0].find(
            "MaxSessions stays at 262144 until pound is restarted") != std::string::npos);
}

TEST_CASE("reload: without root a configuration with RootJail fails") {
  const Folder folder;
  std::filesystem::permissions(folder.file(""), std::filesystem::perms::all);
  folder.write("p.yaml",
               "Global: {RootJail: /, Workers: 1}\n"
               "Backends: [&b {Address: 127.0.0.1, Port: 9}]\n"
               "HTTPListeners:\n  - Address: 127.0.0.1\n    Port: " +
                   std::to_string(free_port()) + "\n    Services: [{Backends: [*b]}]\n");
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(1);
    shm::Segment segment;
    master::WakeFds wake_fds(16);
    master::Generation active;
    active.heritage.config = std::make_shared<const conf::Config>();
    active.heritage.segment = &segment;
    master::Preparation prepared(folder.file("p.yaml"));
    prepared.complete();
    if (!prepared.heritage()) ::_exit(4);
    try {
      master::build_next(std::move(*prepared.heritage()), 2, active, wake_fds,
                         prepared.diagnostics());
    } catch (const master::StartError& error) {
      ::_exit(std::string_view(error.what()) == "RootJail needs root: /" ? 0 : 2);
    }
    ::_exit(3);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
