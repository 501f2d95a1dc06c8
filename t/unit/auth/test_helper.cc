// Tests of auth/helper without its process: right and wrong credentials, what it remembers, and
// questions that no honest worker asks.
#include "worker/auth/helper.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "worker/auth/credential_key.h"
#include "worker/auth/wire.h"

using namespace worker::auth;

namespace {

constexpr worker::route::HashSecret kSecret{1, 2};
const std::string kUsers =
    "alice:$apr1$Zz./09$S14./2g5Qx51QIE1g5UZ9.\n"
    "bob:$5$rounds=1000$saltstring$AH5PD0i.riCRu4BNDy9v7OPV7u3dfLBApcXI6khquVA\n";

UsersFile file_of(const std::string& text, std::uint64_t identity) {
  const int fd = ::memfd_create("users", MFD_CLOEXEC);
  REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return {"users", std::make_shared<const worker::net::UniqueFd>(fd), {identity, 0}};
}

struct World {
  World() { task.memory = memory.get(); }

  void ask(const Question& question, std::size_t size = sizeof(Question), std::size_t slot = 0) {
    REQUIRE(::send(channels[slot].worker_end.get(), &question, size, 0) ==
            static_cast<ssize_t>(size));
  }
  // 1 or 0 as the helper says, -1 for no answer, -2 for one to another question.
  int answer(std::uint64_t id, std::size_t slot = 0) {
    Answer answer;
    const ssize_t size =
        ::recv(channels[slot].worker_end.get(), &answer, sizeof answer, MSG_DONTWAIT);
    if (size != static_cast<ssize_t>(sizeof answer)) return -1;
    return answer.id == id ? static_cast<int>(answer.is_match) : -2;
  }
  int check(const std::string& user, const std::string& password, std::uint32_t file = 0) {
    Question question;
    question.id = ++ids;
    question.file = file;
    question.set(user, password);
    ask(question);
    CHECK(helper.turn());
    return answer(ids);
  }
  bool remembers(std::uint64_t file, const std::string& user, const std::string& password) const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return memory->remembered.knows(credential_key(kSecret, {file, 0}, user, password),
                                    static_cast<std::uint64_t>(now.tv_sec) * 1000);
  }

  std::unique_ptr<shm::AuthMemory> memory = std::make_unique<shm::AuthMemory>();
  Channel channels[2] = {make_channel(), make_channel()};
  HelperTask task{.files = {file_of(kUsers, 5), file_of("", 6)},
                  .channels = {channels[0].helper_end.get(), channels[1].helper_end.get()},
                  .secret = kSecret,
                  .memory = memory.get()};
  Helper helper{task};
  std::uint64_t ids = 100;
};

}  // namespace

TEST_CASE("helper: right passwords, and no others") {
  World world;
  CHECK(world.check("alice", "secret") == 1);
  CHECK(world.check("bob", "secret") == 1);
  CHECK(world.check("alice", "Secret") == 0);
  CHECK(world.check("alice", "") == 0);
  CHECK(world.check("carl", "secret") == 0);
  CHECK(world.check("", "secret") == 0);
  CHECK(world.check("alice", "secret", 1) == 0);  // a file without users
  CHECK(world.memory->checks == 7);
  CHECK(world.memory->matches == 2);
}

TEST_CASE("helper: remembers right credentials for their file, and never wrong ones") {
  World world;
  CHECK(world.check("alice", "secret") == 1);
  CHECK(world.check("bob", "wrong") == 0);
  CHECK(world.remembers(5, "alice", "secret"));
  CHECK_FALSE(world.remembers(6, "alice", "secret"));
  CHECK_FALSE(world.remembers(5, "bob", "wrong"));
  CHECK_FALSE(world.remembers(5, "bob", "secret"));
}

TEST_CASE("helper: questions that no honest worker asks get no answer") {
  World world;
  Question question;
  question.id = 7;
  question.set("alice", "secret");
  const auto is_ignored = [&](const Question& one, std::size_t size = sizeof(Question)) {
    world.ask(one, size);
    CHECK(world.helper.turn());
    CHECK(world.answer(7) == -1);
  };
  is_ignored(question, sizeof question - 1);
  is_ignored(question, 1);
  Question bad = question;
  bad.file = 2;
  is_ignored(bad);
  bad = question;
  bad.user_size = 256;
  is_ignored(bad);
  bad = question;
  bad.password_size = 512;
  is_ignored(bad);
  bad = question;
  bad.text[2] = '\0';
  is_ignored(bad);
  bad = question;
  bad.id = 0;
  is_ignored(bad);
  CHECK(world.memory->checks == 0);
  world.ask(question);
  CHECK(world.helper.turn());
  CHECK(world.answer(7) == 1);
}

TEST_CASE("helper: takes one question of each worker in turn") {
  World world;
  Question question;
  question.set("alice", "secret");
  for (std::uint64_t id = 1; id <= 3; ++id) {
    question.id = id;
    world.ask(question);
  }
  question.id = 9;
  world.ask(question, sizeof question, 1);
  CHECK(world.helper.turn());
  CHECK(world.answer(1) == 1);
  CHECK(world.answer(2) == -1);
  CHECK(world.answer(9, 1) == 1);
}

TEST_CASE("helper: greets its workers, and goes on without those that broke their channel") {
  World world;
  world.helper.greet();
  CHECK(world.answer(0) == 0);
  CHECK(world.answer(0, 1) == 0);
  ::shutdown(world.channels[0].worker_end.get(), SHUT_RDWR);
  CHECK(world.helper.turn());
  Question question;
  question.id = 3;
  question.set("bob", "secret");
  world.ask(question, sizeof question, 1);
  CHECK(world.helper.turn());
  CHECK(world.answer(3, 1) == 1);
  world.channels[1].worker_end.reset();
  CHECK_FALSE(world.helper.turn());
}

TEST_CASE("helper: warms up") {
  World world;
  world.helper.warm_up();
  CHECK(world.memory->checks == 0);
}
