// The process that checks passwords: see helper.h.
#include "worker/auth/helper.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "worker/auth/credential_key.h"
#include "worker/auth/htpasswd.h"
#include "worker/auth/password.h"
#include "worker/auth/wire.h"
#include "worker/net/sealed_copy.h"
#include "worker/sandbox/sandbox.h"

namespace worker::auth {
namespace {

std::uint64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

struct OpenFile {
  explicit OpenFile(const UsersFile& file)
      : mapped(file.copy->get()), users(read_users(mapped.text())), identity(file.identity) {}

  net::MappedText mapped;
  Users users;
  FileIdentity identity;
};

}  // namespace

Channel make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pair of sockets");
  }
  return {net::UniqueFd(ends[0]), net::UniqueFd(ends[1])};
}

struct Helper::Impl {
  std::vector<std::unique_ptr<OpenFile>> files;
  std::vector<pollfd> polled;
  route::HashSecret secret;
  shm::AuthMemory& memory;

  bool is_match(const Question& question) const;
  void answer(Question& question, int channel);
  void take_question(int channel);
};

// A user who does not exist costs the same time as the first one, so that the time tells nothing.
bool Helper::Impl::is_match(const Question& question) const {
  const Users& users = files[question.file]->users;
  const User* const user = users.find(question.user());
  if (user != nullptr) return matches(question.password(), user->hash);
  if (!users.all.empty()) matches(question.password(), users.all.front().hash);
  return false;
}

void Helper::Impl::answer(Question& question, int channel) {
  const bool is_right = is_match(question);
  memory.checks.fetch_add(1, std::memory_order_relaxed);
  if (is_right) {
    memory.matches.fetch_add(1, std::memory_order_relaxed);
    const FileIdentity& file = files[question.file]->identity;
    memory.remembered.add(credential_key(secret, file, question.user(), question.password()),
                          now_ms());
  }
  // A worker that does not read gets no answer; its requests have a deadline.
  const Answer sent{question.id, is_right ? 1U : 0U};
  ::send(channel, &sent, sizeof sent, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Helper::Impl::take_question(int channel) {
  Question question;
  const ssize_t size = ::recv(channel, &question, sizeof question, MSG_DONTWAIT);
  const bool is_sound = size == static_cast<ssize_t>(sizeof question) && question.is_sound() &&
                        question.file < files.size();
  if (is_sound) answer(question, channel);
  question.wipe();
}

Helper::Helper(const HelperTask& task)
    : impl_(new Impl{.files = {}, .polled = {}, .secret = task.secret, .memory = *task.memory}) {
  for (const UsersFile& file : task.files) impl_->files.push_back(std::make_unique<OpenFile>(file));
  for (const int channel : task.channels) impl_->polled.push_back({channel, POLLIN, 0});
}

Helper::~Helper() = default;

void Helper::warm_up() {
  matches("", "$apr1$a$0000000000000000000000");
  matches("", "$5$rounds=1000$a$0");
  matches("", "$2y$04$......................");
}

void Helper::greet() {
  constexpr Answer kHello{};
  for (const pollfd& one : impl_->polled) {
    ::send(one.fd, &kHello, sizeof kHello, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

bool Helper::turn() {
  std::vector<pollfd>& polled = impl_->polled;
  if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return false;
  bool is_any_left = false;
  for (pollfd& one : polled) {
    if ((one.revents & POLLIN) != 0) impl_->take_question(one.fd);
    // A worker has broken its socket. The master makes another when that worker has ended.
    if ((one.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) one.fd = -1;
    is_any_left = is_any_left || one.fd >= 0;
  }
  return is_any_left;
}

void run_helper(const HelperTask& task) {
  Helper helper(task);
  helper.warm_up();
  sandbox::enter(task.memory->refused_call, sandbox::Process::helper);
  helper.greet();
  while (helper.turn()) continue;
}

}  // namespace worker::auth
