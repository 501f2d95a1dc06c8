// Tests of master/auth_helpers with real processes: born, killed, replaced, ended.
#include "master/auth_helpers.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "master/clock.h"
#include "t/unit/master/heritage.h"
#include "t/unit/master/lines.h"
#include "worker/auth/wire.h"

using master::Generation;
using worker::auth::Answer;
using worker::auth::Question;

namespace {

worker::auth::UsersFile file_of(const std::string& text) {
  const int fd = ::memfd_create("users", MFD_CLOEXEC);
  REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return {"users", std::make_shared<const worker::net::UniqueFd>(fd), {1, 2}};
}

struct Made {
  explicit Made(bool has_users = true) {
    queue.end_startup();  // from then on errors do not go to standard error
    worker::Heritage heritage = sample_heritage();
    heritage.workers = 2;
    if (has_users) {
      heritage.auth.files.push_back(file_of("alice:$apr1$Zz./09$S14./2g5Qx51QIE1g5UZ9.\n"));
    }
    generation = master::make_generation(7, std::move(heritage), nullptr, segment, wake_fds);
  }

  // What the helper says to the worker of this slot; waits for it.
  Answer hear(shm::Slot slot) {
    pollfd polled{generation.auth_channels.at(slot).worker_end.get(), POLLIN, 0};
    REQUIRE(::poll(&polled, 1, 30'000) == 1);
    Answer answer;
    REQUIRE(::recv(polled.fd, &answer, sizeof answer, 0) == sizeof answer);
    return answer;
  }
  void expect_hello() {
    for (const shm::Slot slot : {0U, 1U}) CHECK(hear(slot).id == 0);
  }
  bool is_right(const std::string& password, shm::Slot slot = 0) {
    Question question;
    question.id = 5;
    question.set("alice", password);
    const int fd = generation.auth_channels.at(slot).worker_end.get();
    REQUIRE(::send(fd, &question, sizeof question, 0) == sizeof question);
    const Answer answer = hear(slot);
    CHECK(answer.id == 5);
    return answer.is_match == 1;
  }
  // Waits for the end of a helper, and tells it; returns its pid.
  pid_t reap(std::uint64_t now_ms) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    REQUIRE(pid > 0);
    helpers.on_exit(pid, status, now_ms);
    return pid;
  }
  // The only child of this process.
  pid_t child() {
    const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
    FILE* const file = std::fopen(path.c_str(), "r");
    REQUIRE(file != nullptr);
    int pid = 0;
    const int found = std::fscanf(file, "%d", &pid);
    std::fclose(file);
    return found == 1 ? pid : 0;
  }
  const std::string& log() {
    queue.flush();
    return text;
  }

  shm::Segment segment;
  master::WakeFds wake_fds{16};
  Generation generation;
  std::string text;
  master::LogQueue queue{std::make_unique<Lines>(text), 0};
  master::AuthHelpers helpers{queue};
};

}  // namespace

TEST_CASE("auth helpers: a generation without users has none") {
  Made made(false);
  CHECK(made.generation.auth_channels.empty());
  made.helpers.start(made.generation, 0);
  CHECK(made.child() == 0);
  CHECK(made.helpers.due_ms() == master::kNever);
  made.helpers.renew_channel(made.generation, 0);
}

TEST_CASE("auth helpers: one helper answers all workers of a generation") {
  Made made;
  CHECK(made.generation.auth_channels.size() == 2);
  CHECK(made.generation.heritage_of(1, 0, -1).auth.channel ==
        made.generation.auth_channels[1].worker_end.get());
  made.helpers.start(made.generation, 0);
  made.expect_hello();
  CHECK(made.is_right("secret"));
  CHECK_FALSE(made.is_right("Secret", 1));
  CHECK(made.segment.auth().checks == 2);
  made.helpers.stop();
  CHECK(made.child() == 0);
}

TEST_CASE("auth helpers: a helper that is killed has a successor, later if it dies young") {
  Made made;
  std::uint64_t now = 1'000'000;
  made.helpers.start(made.generation, now);
  made.expect_hello();
  const pid_t first = made.child();
  REQUIRE(::kill(first, SIGKILL) == 0);
  now += 5'000;
  CHECK(made.reap(now) == first);
  CHECK(made.log() == "the process that checks passwords (pid " + std::to_string(first) +
                          ") was killed by signal 9 (Killed)\n");
  CHECK(made.helpers.due_ms() <= now);
  made.helpers.turn({&made.generation}, now);
  made.expect_hello();
  CHECK(made.is_right("secret"));
  made.text.clear();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(::kill(made.child(), SIGKILL) == 0);
    made.reap(now);
    if (i == 2) break;
    made.helpers.turn({&made.generation}, now);
    made.expect_hello();
  }
  CHECK(made.log().find("it dies soon after each start: next start in 1 s; until then users who "
                        "are not remembered get 503") != std::string::npos);
  CHECK(made.helpers.due_ms() == now + 1000);
  made.helpers.turn({&made.generation}, now);
  CHECK(made.child() == 0);
}

TEST_CASE("auth helpers: the channel of a dead worker is renewed, and the helper with it") {
  Made made;
  made.helpers.start(made.generation, 0);
  made.expect_hello();
  const pid_t first = made.child();
  const int other = made.generation.auth_channels[0].worker_end.get();
  ::shutdown(made.generation.auth_channels[1].worker_end.get(), SHUT_RDWR);
  made.helpers.renew_channel(made.generation, 1);
  CHECK(made.generation.auth_channels[0].worker_end.get() == other);
  CHECK(made.reap(10) == first);
  CHECK(made.log() == "");  // no news
  made.helpers.turn({&made.generation}, 10);
  made.expect_hello();
  CHECK(made.is_right("secret", 1));
}

TEST_CASE("auth helpers: a helper ends with its generation") {
  Made made;
  made.helpers.start(made.generation, 0);
  made.expect_hello();
  const pid_t first = made.child();
  made.helpers.end(6);
  made.helpers.end(7);
  CHECK(made.reap(10) == first);
  CHECK(made.helpers.due_ms() == master::kNever);
  CHECK(made.log() == "");
}

TEST_CASE("auth helpers: nobody has a successor when the generation is gone") {
  Made made;
  made.helpers.start(made.generation, 0);
  made.expect_hello();
  REQUIRE(::kill(made.child(), SIGKILL) == 0);
  made.reap(5'000);
  made.helpers.turn({}, 5'000);
  CHECK(made.child() == 0);
  CHECK(made.helpers.due_ms() == master::kNever);
}

TEST_CASE("auth helpers: files that have not changed keep their identity") {
  using worker::auth::UsersFile;
  const std::vector<UsersFile> active{file_of("a\n"), file_of("b\n")};
  std::vector<UsersFile> fresh{file_of("b\n"), file_of("c\n")};
  for (UsersFile& file : fresh) file.identity = {9, 9};
  master::keep_identities(fresh, active);
  CHECK(fresh[0].identity == active[1].identity);
  CHECK(fresh[1].identity == worker::auth::FileIdentity{9, 9});
}
