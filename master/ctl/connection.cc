// See connection.h.
#include "master/ctl/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "conf/address.h"
#include "conf/load.h"
#include "master/control/line.h"
#include "master/ctl/failure.h"
#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

#ifndef POUND_CONTROL_SOCKET
#define POUND_CONTROL_SOCKET "/run/pound/control.sock"
#endif

namespace master::ctl {
namespace {

using Clock = std::chrono::steady_clock;
using worker::net::UniqueFd;

constexpr std::string_view kError = "error: ";
constexpr std::string_view kUsage = "usage: ";
constexpr std::size_t kMostAnswer = 256u << 20;  // bytes; a daemon that sends more is none of ours

[[noreturn]] void fail_to_connect(const std::string& path, int error) {
  std::string text = "cannot connect to " + path + ": " + std::strerror(error);
  switch (error) {
    case ENOENT:
      text += "; does pound run, and has its configuration the key Control?";
      break;
    case ECONNREFUSED:
      text += "; pound does not run any more";
      break;
    case EACCES:
      throw Failure(kFailed, text + "; its Mode, User and Group say who may");
    case EAGAIN:
      throw Failure(kFailed, text + "; pound does not take clients at present");
    default:
      break;
  }
  throw Failure(kNoDaemon, text);
}

UniqueFd connect_to(const std::string& path) {
  const std::string fault = conf::is_path(path) && !conf::path_fault(path).empty()
                                ? conf::path_fault(path)
                                : std::string();
  if (!fault.empty() || path.size() > conf::kMaxSocketPath) {
    throw Failure(kMisused, "the path of the socket is not possible: " +
                                (fault.empty() ? "it is too long" : fault));
  }
  UniqueFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) throw Failure(kFailed, std::string("cannot make a socket: ") + std::strerror(errno));
  const worker::net::SocketAddress address = worker::net::path_address(path);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(made.get(), name, address.size) != 0) fail_to_connect(path, errno);
  return made;
}

class Exchange {
 public:
  Exchange(const std::string& socket, std::optional<std::chrono::milliseconds> patience)
      : connection_(connect_to(socket)) {
    if (patience) deadline_ = Clock::now() + *patience;
  }

  // A line is short enough for the socket's buffer. The daemon may refuse it before it was read.
  void send(const std::string& line) {
    const ssize_t sent = ::send(connection_.get(), line.data(), line.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(line.size()) && errno != EPIPE) fail_to_talk(errno);
  }

  std::string read() {
    std::string answer;
    char bytes[65536];
    while (true) {
      wait();
      const ssize_t size = ::recv(connection_.get(), bytes, sizeof bytes, 0);
      if (size == 0 || (size < 0 && errno == ECONNRESET && !answer.empty())) return answer;
      if (size < 0 && errno != EAGAIN && errno != EINTR) fail_to_talk(errno);
      if (size > 0) answer.append(bytes, static_cast<std::size_t>(size));
      if (answer.size() > kMostAnswer) throw Failure(kFailed, "the answer does not end");
    }
  }

 private:
  [[noreturn]] static void fail_to_talk(int error) {
    throw Failure(kFailed, std::string("the connection to pound failed: ") + std::strerror(error));
  }

  void wait() {
    pollfd polled{connection_.get(), POLLIN, 0};
    int limit_ms = -1;
    if (deadline_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_ - Clock::now());
      limit_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    if (::poll(&polled, 1, limit_ms) == 0) {
      throw Failure(kFailed, "pound does not answer; does its master hang?");
    }
  }

  UniqueFd connection_;
  std::optional<Clock::time_point> deadline_;
};

std::string without_end(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

std::string socket_of(const std::string& config_file) {
  conf::Diagnostics diagnostics;
  const std::optional<conf::ControlSocket> control = conf::find_control(config_file, diagnostics);
  if (control) return control->path;
  if (diagnostics.has_errors()) {
    std::fprintf(stderr,
                 "poundctl: %s\npoundctl: trying " POUND_CONTROL_SOCKET
                 "; -s SOCKET names another\n",
                 diagnostics.headlines().front().c_str());
    return POUND_CONTROL_SOCKET;
  }
  throw Failure(kNoDaemon, config_file + " has no key Control, so that pound takes no commands; " +
                               "see CONTROL in pound.yaml(5), or name a socket with -s");
}

std::string line_of(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += control::quoted_word(word);
  }
  const control::Words found = control::split_words(line);
  if (!found.error.empty()) {
    throw Failure(kMisused, "an argument has a control character");
  }
  if (line.size() + 1 > control::kMostLine) throw Failure(kMisused, "the command is too long");
  return line + "\n";
}

std::string ask(const std::string& socket, const std::vector<std::string>& words,
                std::optional<std::chrono::milliseconds> patience) {
  const std::string line = line_of(words);
  Exchange exchange(socket, patience);
  exchange.send(line);
  std::string answer = exchange.read();
  if (answer.starts_with(kError)) {
    throw Failure(kFailed, without_end(std::string_view(answer).substr(kError.size())));
  }
  if (answer.starts_with(kUsage)) {
    throw Failure(kMisused, without_end(std::string_view(answer).substr(kUsage.size())));
  }
  return answer;
}

}  // namespace master::ctl
