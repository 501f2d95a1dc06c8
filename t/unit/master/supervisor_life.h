// Runs a supervisor with real workers in a child process, from a configuration file to its exit
// status. The test writes the file, sends signals and reads the log. Nothing becomes a daemon.
// Every wait ends after 30 s.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "master/configuration.h"
#include "master/generation.h"
#include "master/log_queue.h"
#include "master/reload_report.h"
#include "master/supervisor.h"
#include "master/wake_fds.h"
#include "t/unit/folder.h"
#include "t/unit/master/heritage.h"
#include "worker/net/unique_fd.h"

// Writes each record as "severity text" and a line feed into a pipe. After the first record that
// holds `trouble`, it runs out of memory once, in the supervisor's loop.
class PipeSink : public master::LogSink {
 public:
  explicit PipeSink(int fd, std::string trouble = "") : fd_(fd), trouble_(std::move(trouble)) {}
  bool holds() const override {
    if (std::exchange(is_in_trouble_, false)) throw std::bad_alloc();
    return false;
  }

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    if (!trouble_.empty() && text.find(trouble_) != text.npos) {
      is_in_trouble_ = true;
      trouble_.clear();
    }
    const std::string line = std::to_string(priority) + " " + std::string(text) + "\n";
    return ::write(fd_, line.data(), line.size()) < 0 ? Sent::no : Sent::yes;
  }

 private:
  int fd_;
  std::string trouble_;
  mutable bool is_in_trouble_ = false;
};

// A free port of 127.0.0.1. The kernel hands out many others before this one again.
inline std::uint16_t unused_port() {
  const worker::net::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  worker::net::SocketAddress address = loopback(0);
  auto* const name = reinterpret_cast<sockaddr*>(&address.storage);
  if (::bind(fd.get(), name, address.size) != 0) return 0;
  if (::getsockname(fd.get(), name, &address.size) != 0) return 0;
  return worker::net::port_of(address);
}

inline bool connects(std::uint16_t port) {
  const worker::net::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const worker::net::SocketAddress address = loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) ==
         0;
}

class SupervisorLife {
 public:
  explicit SupervisorLife(unsigned workers = 2, const std::string& global = "",
                          std::string trouble = "")
      : workers_(workers), trouble_(std::move(trouble)) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    log_ = worker::net::UniqueFd(ends[0]);
    worker::net::UniqueFd theirs(ends[1]);
    configure(workers, global);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(run(theirs.get()));
    }
  }
  ~SupervisorLife() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);  // the workers notice, and end
    ::waitpid(pid_, nullptr, 0);
  }
  SupervisorLife(const SupervisorLife&) = delete;
  SupervisorLife& operator=(const SupervisorLife&) = delete;

  // Writes the file that the start or the next reload reads. `more` is YAML of further listeners.
  void configure(unsigned workers, const std::string& global = "", const std::string& more = "") {
    write_file(config(), "Global: {Workers: " + std::to_string(workers) + global +
                             "}\nBackends: [&b {Address: 127.0.0.1, Port: 9}]\nHTTPListeners:\n" +
                             listener(port) + more);
  }
  static std::string listener(std::uint16_t at) {
    return "  - {Address: 127.0.0.1, Port: " + std::to_string(at) +
           ", Services: [{Backends: [*b]}]}\n";
  }
  std::string config() const { return folder_.file("p.yaml"); }
  // The file in which the supervisor publishes the outcome of a start or reload; empty if missing.
  std::string outcome() const { return content_of(folder_.file("p.pid.reload")); }

  // Waits until the outcome begins with `text`; false after 30 s.
  bool await_outcome(std::string_view text) const {
    for (int i = 0; i < 30'000 && !outcome().starts_with(text); ++i) ::usleep(1000);
    return outcome().starts_with(text);
  }

  void signal(int number) const { ::kill(pid_, number); }

  // Reads on in the log until a line holds `text`; that line, or an empty one after half a minute
  // or at the log's end.
  std::string await(std::string_view text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      for (std::size_t feed; (feed = unread_.find('\n')) != unread_.npos;) {
        std::string line = unread_.substr(0, feed);
        unread_.erase(0, feed + 1);
        all_ += line + "\n";
        if (line.find(text) != line.npos) return line;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd polled{log_.get(), POLLIN, 0};
      char bytes[4096];
      if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) != 1) return {};
      const ssize_t n = ::read(log_.get(), bytes, sizeof bytes);
      if (n <= 0) return {};
      unread_.append(bytes, static_cast<std::size_t>(n));
    }
  }
  // True if the log has `text` already, or as soon as it has.
  bool saw(std::string_view text) {
    return all_.find(text) != all_.npos || !await(text.substr(0, text.find('\n'))).empty();
  }
  // All lines read so far.
  const std::string& log() const { return all_; }

  // The process id of the next worker in `slot` that the log calls ready; 0 if there is none.
  pid_t await_ready(unsigned slot) {
    const std::string name = "worker " + std::to_string(slot) + " (pid ";
    for (std::string line; !(line = await(name)).empty();) {
      if (line.ends_with(") is ready")) return std::stoi(line.substr(line.find("(pid ") + 5));
    }
    return 0;
  }

  // Waits for the supervisor's end. Returns its exit status, or -1 if a signal killed it.
  int wait() {
    await("no line has this");  // reads to the end of the log
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const std::uint16_t port = unused_port();

 private:
  int run(int log) const {
    master::Signals signals;
    master::Preparation prepared(config());
    prepared.complete();
    std::optional<worker::Heritage>& heritage = prepared.heritage();
    if (!heritage) return 3;
    shm::Segment segment(heritage->config->global.max_sessions);
    segment.log_detail() = 7;
    master::WakeFds wake_fds(master::rows_needed(workers_));
    master::LogQueue log_queue(std::make_unique<PipeSink>(log, trouble_), 7);
    const master::ReloadSource source{config(), master::StartFolder()};
    master::Generation first =
        master::make_generation(1, std::move(*heritage), nullptr, segment, wake_fds);
    master::ReloadReport report(folder_.file("p.pid"));
    master::StartupPipe startup_pipe;
    const auto sink = [=](const conf::Global&) { return std::make_unique<PipeSink>(log); };
    return master::Supervisor({signals, wake_fds, log_queue, startup_pipe, report, source, sink},
                              std::move(first))
        .run();
  }

  Folder folder_;
  unsigned workers_;
  std::string trouble_;  // see PipeSink
  worker::net::UniqueFd log_;
  pid_t pid_ = 0;
  std::string unread_;
  std::string all_;
};
