// See name_lookup.h.
#include "master/name_lookup.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "master/descriptors.h"
#include "master/isolation.h"
#include "master/signals.h"
#include "master/start_error.h"
#include "shm/segment.h"

namespace master {
namespace {

using worker::net::kMaxAddresses;
using worker::net::Name;
using worker::net::Resolved;

// Names that are asked for at the same time. Further names wait until an answer comes.
constexpr std::size_t kMaxThreads = 256;
constexpr char kNoAnswer[] = "no answer within 5 s";
static_assert(kLookUpMs == 5000);

// One answer on its way to the master: one message of the socket.
struct Answer {
  std::uint32_t name = 0;   // the index of the name
  std::uint32_t count = 0;  // of addresses
  char error[128] = "";
  worker::net::SocketAddress addresses[kMaxAddresses];
};

Answer pack(std::size_t name, const Resolved& resolved) {
  Answer answer;
  answer.name = static_cast<std::uint32_t>(name);
  answer.count = static_cast<std::uint32_t>(resolved.addresses.size());
  std::copy(resolved.addresses.begin(), resolved.addresses.end(), answer.addresses);
  resolved.error.copy(answer.error, sizeof answer.error - 1);
  return answer;
}

// The child has parsed bytes from the network, so the master believes only what it can check.
bool is_sound(const worker::net::SocketAddress& address, const Name& name) {
  const sa_family_t family = address.storage.ss_family;
  const bool is_whole = (family == AF_INET && address.size == sizeof(sockaddr_in)) ||
                        (family == AF_INET6 && address.size == sizeof(sockaddr_in6));
  return is_whole && worker::net::port_of(address) == name.port;
}

Resolved unpack(const Answer& answer, const Name& name) {
  Resolved resolved;
  for (std::size_t i = 0; i < std::min<std::size_t>(answer.count, kMaxAddresses); ++i) {
    if (is_sound(answer.addresses[i], name)) resolved.addresses.push_back(answer.addresses[i]);
  }
  if (!name.is_listener) worker::net::make_stable(resolved.addresses);
  if (!resolved.addresses.empty()) return resolved;
  resolved.error.assign(answer.error, ::strnlen(answer.error, sizeof answer.error));
  if (resolved.error.empty()) resolved.error = "no usable address";
  return resolved;
}

void answer_all(const std::vector<Name>& names, const std::vector<std::size_t>& open, int socket) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = 0; (i = next++) < open.size();) {
      const Answer answer = pack(open[i], worker::net::look_up(names[open[i]]));
      if (::send(socket, &answer, sizeof answer, MSG_NOSIGNAL) < 0) return;
    }
  };
  std::vector<std::thread> threads;
  try {
    while (threads.size() + 1 < std::min(open.size(), kMaxThreads)) threads.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads: those that there are do all the work
  }
  work();
  for (std::thread& thread : threads) thread.join();
}

// `master` is the process that has forked this one.
[[noreturn]] void become_resolver(pid_t master, const std::vector<Name>& names,
                                  const std::vector<std::size_t>& open, int socket,
                                  const Identity& rights, shm::Segment* segment) noexcept {
  try {
    if (segment != nullptr) segment->confine(shm::kNoRow);
  } catch (const std::exception&) {
    ::_exit(1);
  }
  close_all_but({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, socket});
  Signals::reset_in_worker();
  std::string error;
  try {
    leave_terminal();
    error = drop_privileges(rights);
  } catch (const StartError& failure) {
    error = failure.what();
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the drop, which clears it
  if (::getppid() != master) ::_exit(1);
  if (error.empty()) {
    answer_all(names, open, socket);
    ::_exit(0);
  }
  for (const std::size_t name : open) {
    const Answer answer = pack(name, {{}, error});
    ::send(socket, &answer, sizeof answer, MSG_NOSIGNAL);
  }
  ::_exit(1);
}

}  // namespace

NameLookup::NameLookup(std::vector<Name> names, const Identity& identity, shm::Segment* segment)
    : names_(std::move(names)), answers_(names_.size()), deadline_ms_(now_ms() + kLookUpMs) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (std::optional<Resolved> known = worker::net::read_numeric(names_[i])) {
      answers_[i] = std::move(*known);
    } else {
      open_.push_back(i);
    }
  }
  if (!open_.empty()) start(::geteuid() == 0 ? identity : Identity{}, segment);
}

NameLookup::~NameLookup() { finish(kNoAnswer); }

void NameLookup::start(const Identity& identity, shm::Segment* segment) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return finish(std::strerror(errno));
  }
  socket_ = worker::net::UniqueFd(ends[0]);
  const worker::net::UniqueFd theirs(ends[1]);
  const pid_t master = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_resolver(master, names_, open_, theirs.get(), identity, segment);
  if (pid < 0) return finish(std::strerror(errno));
  child_ = pid;
}

void NameLookup::read() {
  while (!is_done() && take_answer()) continue;
}

// False when no answer waits.
bool NameLookup::take_answer() {
  Answer answer;
  const ssize_t size = ::recv(socket_.get(), &answer, sizeof answer, MSG_DONTWAIT);
  if (size < 0) return errno == EINTR;
  if (size != static_cast<ssize_t>(sizeof answer)) {  // 0: the child has ended
    finish("the process that looks names up ended early");
    return false;
  }
  const auto name = std::find(open_.begin(), open_.end(), answer.name);
  if (name == open_.end()) return true;
  answers_[answer.name] = unpack(answer, names_[answer.name]);
  open_.erase(name);
  if (open_.empty()) finish("");
  return true;
}

void NameLookup::expire(std::uint64_t now_ms) {
  if (!is_done() && now_ms >= deadline_ms_) finish(kNoAnswer);
}

void NameLookup::wait() {
  while (!is_done()) {
    const std::uint64_t now = now_ms();
    pollfd polled{fd(), POLLIN, 0};
    const int left = now < deadline_ms_ ? static_cast<int>(deadline_ms_ - now) : 0;
    if (::poll(&polled, 1, left) > 0) read();
    expire(now_ms());
  }
  if (child_ != 0) ::waitpid(std::exchange(child_, 0), nullptr, 0);
}

void NameLookup::on_exit(pid_t pid) {
  if (pid == child_) child_ = 0;
}

// Names that are still open get the error. The master's reaping takes a child that is not gone yet.
void NameLookup::finish(const char* why_not) {
  for (const std::size_t name : open_) answers_[name].error = why_not;
  open_.clear();
  socket_.reset();
  if (child_ == 0) return;
  ::kill(child_, SIGKILL);
  if (::waitpid(child_, nullptr, WNOHANG) != 0) child_ = 0;
}

}  // namespace master
