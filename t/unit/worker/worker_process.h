// A whole worker in a process of its own, as the master starts it, but with the privileges of the
// test. The test is its master, its backends and its clients.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conf/load.h"
#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "t/unit/transaction/fake_backend.h"
#include "t/unit/worker/prepared.h"
#include "worker/net/wake.h"
#include "worker/worker.h"

namespace worker_test {

using transaction_test::FakeBackend;
using worker::net::UniqueFd;

// A non-blocking listening socket on the loopback.
struct Listening {
  Listening() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd.get(), generic, size) == 0);
    REQUIRE(::getsockname(fd.get(), generic, &size) == 0);
    REQUIRE(::listen(fd.get(), 128) == 0);
  }
  UniqueFd connect() const {
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    return client;
  }
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
};

// Two listeners. The services of the first one are /a and /b, that of the second one takes
// everything; each has a backend of its own. The second one has another socket, whose clients are
// those of another worker.
class WorkerProcess {
 public:
  WorkerProcess() {
    make_heritage();
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    control.reset(ends[0]);
    UniqueFd theirs(ends[1]);
    heritage_.control = theirs.get();
    pid_ = ::fork();
    if (pid_ == 0) {
      control.reset();  // or the worker would never see its end
      ::_exit(worker::run(heritage_));
    }
    REQUIRE(pid_ > 0);
  }
  ~WorkerProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void orders(char byte) const { REQUIRE(::send(control.get(), &byte, 1, MSG_NOSIGNAL) == 1); }
  // As another worker does it, for the socket of that slot.
  void invites(shm::Slot slot) {
    segment.workers().invite(heritage_.row, slot);
    REQUIRE(worker::net::wake(wake_.waker.get()));
  }
  void signals(int signal) const { REQUIRE(::kill(pid_, signal) == 0); }

  // Looks at `holds` every millisecond, and lets the backends read meanwhile.
  template <class Condition>
  bool until(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + net_test::kPatience;
    while (std::chrono::steady_clock::now() < end) {
      for (FakeBackend& one : backends) one.poll();
      if (holds()) return true;
      ::poll(nullptr, 0, 1);
    }
    return false;
  }
  // The next byte from the worker; '-' when none comes.
  char report() {
    char byte = '-';
    until([&] { return ::recv(control.get(), &byte, 1, MSG_DONTWAIT) >= 0; });
    return byte;
  }
  // The status of its exit; -1 when it does not end, or otherwise.
  int exit_status() {
    int status = -1;
    if (!until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  UniqueFd asks(const Listening& listener, const std::string& path) {
    UniqueFd client = listener.connect();
    const std::string head = "GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
    REQUIRE(::send(client.get(), head.data(), head.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(head.size()));
    return client;
  }
  // What comes until the connection ends, or until `size` bytes are there.
  std::string receives(const UniqueFd& client, std::size_t size = SIZE_MAX) {
    std::string all;
    until([&] {
      char part[4096];
      const ssize_t n = ::recv(client.get(), part, sizeof part, MSG_DONTWAIT);
      if (n > 0) all.append(part, static_cast<std::size_t>(n));
      return all.size() >= size || n == 0 || (n < 0 && errno != EAGAIN);
    });
    return all;
  }
  // Until the backend has a request on its first connection.
  bool until_asked(std::size_t backend) {
    return until([&] { return backends[backend].has_head(); });
  }

  // Until its loop has turned for some time.
  bool until_it_has_turned() {
    const std::uint64_t first = info().heartbeat_ms;
    return until([&] { return info().heartbeat_ms >= first + 200; });
  }
  shm::WorkerInfo info() { return segment.workers().info(heritage_.row); }
  // All that the worker has logged since the last call.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    int priority = 0;
    std::string text;
    while (reader_.read(segment.log_ring(heritage_.row), priority, text)) all.push_back(text);
    return all;
  }

  shm::Segment segment;
  std::vector<FakeBackend> backends = make_backends();
  Listening listeners[2];
  Listening others;
  UniqueFd control;

 private:
  static std::vector<FakeBackend> make_backends() { return std::vector<FakeBackend>(3); }
  std::string text() const {
    std::string yaml = "Global:\n  Workers: 1\n  Grace: 1\n  AccessLog: common\nBackends:\n";
    for (std::size_t i = 0; i < backends.size(); ++i) {
      yaml += "- &b" + std::to_string(i) +
              "\n  Address: 127.0.0.1\n  Port: " + std::to_string(backends[i].port()) + "\n";
    }
    return yaml +
           "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 1\n  Services:\n"
           "  - URL: /a\n    Backends: *b0\n  - URL: /b\n    Backends: *b1\n"
           "- Address: 127.0.0.1\n  Port: 2\n  Services:\n  - Backends: *b2\n";
  }
  void make_heritage() {
    conf::Diagnostics diagnostics;
    auto config = conf::load_text("pound.yaml", text(), diagnostics);
    REQUIRE_MESSAGE(config, diagnostics.text());
    auto heritage = prepared(std::move(*config), diagnostics);
    REQUIRE_MESSAGE(heritage, diagnostics.text());
    heritage_ = std::move(*heritage);
    for (std::size_t i = 0; i < heritage_.backends.size(); ++i) {
      worker::backend::BackendHeritage& one = heritage_.backends[i];
      one.id = i + 1;
      one.row = segment.backends().enroll(one.id, 0, 0).value();
      one.published = &segment.backend_addresses();
    }
    for (std::size_t i = 0; i < heritage_.listeners.size(); ++i) {
      worker::route::ListenerHeritage& one = heritage_.listeners[i];
      one.row = segment.listeners().enroll(i + 1, 0).value();
      std::vector<shm::ServiceId> ids;
      for (std::size_t k = 0; k < one.service_allowed.size(); ++k) ids.push_back(10 * i + k + 1);
      one.service_rows = segment.services().enroll(ids).value();
      one.sockets = {{listeners[i].fd.get(), 0}};
    }
    heritage_.listeners[1].sockets.push_back({others.fd.get(), 1});
    heritage_.segment = &segment;
    heritage_.row = segment.workers().take(0, 1).value();
    heritage_.doorbell = doorbell_.waker.get();
    heritage_.wake_fds = {wake_.waker.get()};
    heritage_.sleeper = wake_.sleeper.get();
  }

  worker::net::WakePair wake_ = worker::net::make_wake_pair().value();
  worker::net::WakePair doorbell_ = worker::net::make_wake_pair().value();
  worker::Heritage heritage_;
  shm::LogReader reader_;
  pid_t pid_ = -1;
};

inline constexpr std::string_view kOk =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok";

}  // namespace worker_test
