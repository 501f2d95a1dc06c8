// The backend of the benchmarks: `bench_backend [--ports N] [--syslog PATH]`.
//
// A web server with minimal cost: one epoll loop, no allocation per request. It listens on N free
// ports of 127.0.0.1, prints them, and answers `GET /BYTES` and, after a pause,
// `GET /BYTES/MILLISECONDS`. Byte i of every body is i % 251, so that a reader can detect a wrong
// body. With --syslog it is a syslog server instead: it counts and discards datagrams and prints
// their number at the end. SIGTERM ends it. It is no part of Pound.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "worker/net/unique_fd.h"

namespace {

using worker::net::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPeriod = 251;  // prime, so that a shift by a power of two shows
constexpr std::size_t kBlockSize = kPeriod * 4096;
constexpr std::size_t kMaxRequest = 16 * 1024;
constexpr int kBacklog = 4096;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Loop {
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  std::multimap<Clock::time_point, class Connection*> pauses;
  std::vector<std::unique_ptr<class Connection>> ended;
  std::string block;

  void watch(int fd, std::uint32_t events, void* watched, int how = EPOLL_CTL_ADD) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watched;
    if (::epoll_ctl(epoll.get(), how, fd, &event) != 0) fail("epoll_ctl");
  }
};

class Watched {
 public:
  explicit Watched(int fd) : fd_(fd) {}
  virtual ~Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  virtual void ready() = 0;

 protected:
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

// One connection of a proxy; answers one request after the other. Owns itself until it ends.
class Connection final : public Watched {
 public:
  Connection(Loop& loop, int fd) : Watched(fd), loop_(loop) {
    loop_.watch(fd, kReading, static_cast<Watched*>(this));
  }

  void ready() override {
    if (ended_ || pausing_) return;
    while (send_rest() && next_request()) {
    }
  }

  void pause_over() {
    pausing_ = false;
    ready();
  }

 private:
  // Returns true when everything is sent.
  bool send_rest() {
    while (head_left_ != 0 || sent_ < size_) {
      const std::size_t at = sent_ % kBlockSize;
      const std::size_t some = std::min<std::uint64_t>(size_ - sent_, kBlockSize - at);
      iovec parts[] = {{head_.data() + head_.size() - head_left_, head_left_},
                       {loop_.block.data() + at, some}};
      const ssize_t n = ::writev(fd(), parts, 2);
      if (n < 0) {
        if (errno != EAGAIN) return end();
        // Not registered from the beginning, because it costs a wake-up per acknowledgement.
        if (!std::exchange(has_waited_, true)) {
          loop_.watch(fd(), kReading | EPOLLOUT, static_cast<Watched*>(this), EPOLL_CTL_MOD);
        }
        return false;
      }
      const std::size_t of_head = std::min<std::size_t>(static_cast<std::size_t>(n), head_left_);
      head_left_ -= of_head;
      sent_ += static_cast<std::size_t>(n) - of_head;
    }
    return true;
  }

  // Returns true when there is an answer to send.
  bool next_request() {
    std::size_t end_of_head = std::string::npos;
    while ((end_of_head = request_.find("\r\n\r\n")) == std::string::npos) {
      char bytes[kMaxRequest];
      const ssize_t n = ::recv(fd(), bytes, sizeof bytes, 0);
      if (n < 0 && errno == EAGAIN) return false;
      if (n <= 0 || request_.size() > kMaxRequest) return end();
      request_.append(bytes, static_cast<std::size_t>(n));
    }
    if (!request_.starts_with("GET /")) return end();
    const char* const stop = request_.data() + end_of_head;
    std::uint64_t size = 0;
    unsigned pause_ms = 0;
    const char* at = std::from_chars(request_.data() + 5, stop, size).ptr;
    if (at != stop && *at == '/') std::from_chars(at + 1, stop, pause_ms);
    request_.erase(0, end_of_head + 4);
    prepare(size);
    if (pause_ms == 0) return true;
    pausing_ = true;
    loop_.pauses.emplace(Clock::now() + std::chrono::milliseconds(pause_ms), this);
    return false;
  }

  void prepare(std::uint64_t size) {
    if (size != size_ || head_.empty()) {
      head_ =
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(size) +
          "\r\n\r\n";
    }
    head_left_ = head_.size();
    size_ = size;
    sent_ = 0;
  }

  bool end() {
    ended_ = true;
    loop_.ended.emplace_back(this);
    return false;
  }

  static constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;

  Loop& loop_;
  std::string request_;  // the bytes that are not answered yet
  std::string head_;
  std::size_t head_left_ = 0;
  std::uint64_t size_ = 0;  // of the body
  std::uint64_t sent_ = 0;
  bool has_waited_ = false;  // for room in the socket
  bool pausing_ = false;
  bool ended_ = false;
};

class Listener final : public Watched {
 public:
  explicit Listener(Loop& loop)
      : Watched(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), loop_(loop) {
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    if (::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::bind(fd(), name, length) != 0 || ::listen(fd(), kBacklog) != 0 ||
        ::getsockname(fd(), name, &length) != 0) {
      fail("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    loop_.watch(fd(), EPOLLIN, static_cast<Watched*>(this));
  }

  void ready() override {
    for (;;) {
      const int client = ::accept4(fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client < 0) return;
      // Destroyed through Loop::ended.
      std::make_unique<Connection>(loop_, client).release();
    }
  }

  int port() const { return port_; }

 private:
  Loop& loop_;
  int port_ = 0;
};

class Logger final : public Watched {
 public:
  Logger(Loop& loop, const std::string& path)
      : Watched(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::invalid_argument("--syslog: too long");
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (::bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail("cannot bind " + path);
    }
    loop.watch(fd(), EPOLLIN, static_cast<Watched*>(this));
  }

  void ready() override {
    char bytes[8192];
    while (::recv(fd(), bytes, sizeof bytes, 0) >= 0) ++count_;
  }

  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

class Stop final : public Watched {
 public:
  explicit Stop(Loop& loop) : Watched(catch_term()) {
    loop.watch(fd(), EPOLLIN, static_cast<Watched*>(this));
  }
  void ready() override { asked_ = true; }
  bool asked() const { return asked_; }

 private:
  static int catch_term() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  bool asked_ = false;
};

int next_pause_ms(const Loop& loop) {
  if (loop.pauses.empty()) return -1;
  const auto left = loop.pauses.begin()->first - Clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::max<std::int64_t>(0, ms));
}

void run(Loop& loop, const Stop& stop) {
  epoll_event events[256];
  while (!stop.asked()) {
    const int n = ::epoll_wait(loop.epoll.get(), events, 256, next_pause_ms(loop));
    for (int i = 0; i < n; ++i) static_cast<Watched*>(events[i].data.ptr)->ready();
    while (!loop.pauses.empty() && loop.pauses.begin()->first <= Clock::now()) {
      Connection* const connection = loop.pauses.begin()->second;
      loop.pauses.erase(loop.pauses.begin());
      connection->pause_over();
    }
    loop.ended.clear();
  }
}

void serve(const std::vector<std::string_view>& arguments) {
  unsigned ports = 1;
  std::string syslog;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view value = arguments[i + 1];
    if (arguments[i] == "--ports") {
      std::from_chars(value.data(), value.data() + value.size(), ports);
    } else if (arguments[i] == "--syslog") {
      syslog = value;
    } else {
      throw std::invalid_argument("usage: bench_backend [--ports N] [--syslog PATH]");
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
  Loop loop;
  for (std::size_t i = 0; i < kBlockSize; ++i) loop.block += static_cast<char>(i % kPeriod);
  const Stop stop(loop);
  if (!syslog.empty()) {
    const Logger logger(loop, syslog);
    std::puts("listening");
    std::fflush(stdout);
    run(loop, stop);
    std::printf("%ju\n", static_cast<std::uintmax_t>(logger.count()));
    return;
  }
  std::vector<std::unique_ptr<Listener>> listeners;
  std::string said = "listening";
  for (unsigned i = 0; i < ports; ++i) {
    listeners.push_back(std::make_unique<Listener>(loop));
    said += " " + std::to_string(listeners.back()->port());
  }
  std::puts(said.c_str());
  std::fflush(stdout);
  run(loop, stop);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_backend: %s\n", error.what());
    return 1;
  }
}
