#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "master/pid_file.h"
#include "master/start_error.h"
#include "t/unit/folder.h"

using master::PidFile;

namespace {

std::string refusal(const std::string& path) {
  try {
    PidFile file(path);
    return "none";
  } catch (const master::StartError& error) {
    return error.what();
  }
}

const std::string kOurs = std::to_string(::getpid());

}  // namespace

TEST_CASE("pid file: has the pid, is readable by all, and is removed by its owner") {
  const Folder folder;
  const std::string path = folder.file("pid");
  {
    PidFile file(path);
    file.write();
    CHECK(content_of(path) == kOurs + "\n");
    struct stat found {};
    CHECK(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0644);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("pid file: a second start fails and changes nothing") {
  const Folder folder;
  const std::string path = folder.file("pid");
  PidFile file(path);
  file.write();
  CHECK(refusal(path) == "pid file " + path + ": another pound runs as pid " + kOurs);
  CHECK(content_of(path) == kOurs + "\n");
}

TEST_CASE("pid file: waits for a holder that is about to end") {
  const Folder folder;
  const std::string path = folder.file("pid");
  std::optional<PidFile> first(path);
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    first.reset();
  });
  CHECK(refusal(path) == "none");
  end.join();
}

TEST_CASE("pid file: the pid is unknown while the first master still starts") {
  const Folder folder;
  const PidFile file(folder.file("pid"));
  CHECK(refusal(folder.file("pid")) ==
        "pid file " + folder.file("pid") + ": another pound runs as pid unknown");
}

TEST_CASE("pid file: a stale file is taken over, also a long one") {
  const Folder folder;
  const std::string path = folder.file("pid");
  write_file(path, "99999999999999999999 left by a crash\n");
  PidFile file(path);
  file.write();
  CHECK(content_of(path) == kOurs + "\n");
}

TEST_CASE("pid file: a file that replaced it is not removed") {
  const Folder folder;
  const std::string path = folder.file("pid");
  {
    PidFile file(path);
    file.write();
    std::filesystem::remove(path);
    write_file(path, "1\n");
  }
  CHECK(content_of(path) == "1\n");
}

TEST_CASE("pid file: refuses links and everything but regular files") {
  const Folder folder;
  folder.write("target", "precious");
  std::filesystem::create_symlink(folder.file("target"), folder.file("soft"));
  std::filesystem::create_hard_link(folder.file("target"), folder.file("hard"));
  CHECK(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  CHECK(refusal(folder.file("soft")) == "pid file " + folder.file("soft") + ": is a symbolic link");
  CHECK(refusal(folder.file("hard")) ==
        "pid file " + folder.file("hard") + ": has another name (hard link)");
  CHECK(refusal(folder.file("fifo")) ==
        "pid file " + folder.file("fifo") + ": is not a regular file");
  CHECK(refusal("/dev/null") == "pid file /dev/null: is not a regular file");
  CHECK(refusal(folder.file("no/such")) ==
        "pid file " + folder.file("no/such") + ": No such file or directory");
  CHECK(content_of(folder.file("target")) == "precious");
}

TEST_CASE("pid file: refuses a file that somebody else may write, and leaves it as it is") {
  const Folder folder;
  const std::string path = folder.file("pid");
  write_file(path, "7\n");
  REQUIRE(::chmod(path.c_str(), 0646) == 0);
  CHECK(refusal(path) == "pid file " + path + ": can be written by everybody; remove it");
  REQUIRE(::chmod(path.c_str(), 0664) == 0);
  CHECK(refusal(path) == "pid file " + path + ": can be written by its group; remove it");
  CHECK(content_of(path) == "7\n");
  if (::geteuid() != 0) return;
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  REQUIRE(::chown(path.c_str(), 65534, 0) == 0);
  CHECK(refusal(path) == "pid file " + path + ": belongs to user 65534; remove it");
  CHECK(content_of(path) == "7\n");
}

TEST_CASE("pid file: refuses a folder that somebody else may write, sticky or not") {
  const Folder folder;
  const std::string name = folder.file("run");
  const std::string path = name + "/pid";
  const std::string advice =
      "; with -p, name a file in a folder that only pound's user and root can write";
  std::filesystem::create_directory(name);
  for (const mode_t mode : {0777, 01777}) {
    REQUIRE(::chmod(name.c_str(), mode) == 0);
    CHECK(refusal(path) ==
          "pid file " + path + ": its folder " + name + " can be written by everybody" + advice);
  }
  REQUIRE(::chmod(name.c_str(), 0775) == 0);
  CHECK(refusal(path) ==
        "pid file " + path + ": its folder " + name + " can be written by its group" + advice);
  REQUIRE(::chmod(name.c_str(), 0755) == 0);
  CHECK(refusal(path) == "none");
  if (::geteuid() != 0) return;
  REQUIRE(::chown(name.c_str(), 65534, 0) == 0);
  CHECK(refusal(path) ==
        "pid file " + path + ": its folder " + name + " belongs to user 65534" + advice);
  CHECK(std::filesystem::is_empty(name));
}

TEST_CASE("pid file: its mode does not depend on the umask") {
  const Folder folder;
  const mode_t before = ::umask(077);
  PidFile file(folder.file("pid"));
  file.write();
  ::umask(before);
  struct stat found {};
  REQUIRE(::stat(folder.file("pid").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0644);
}

TEST_CASE("pid file: a child removes it only if the child wrote it last") {
  const Folder folder;
  const std::string path = folder.file("pid");
  auto file = std::make_unique<PidFile>(path);
  file->write();
  const pid_t bystander = ::fork();
  if (bystander == 0) {
    file.reset();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(bystander, &status, 0);
  CHECK(content_of(path) == kOurs + "\n");

  // As in daemonize: the parent claims the file, the child writes it.
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    file->write();
    ::_exit(content_of(path) == std::to_string(::getpid()) + "\n" ? 0 : 1);
  }
  ::waitpid(daemon, &status, 0);
  CHECK(status == 0);
  CHECK(content_of(path) == std::to_string(daemon) + "\n");
}

TEST_CASE("pid file: a relative path survives a change of directory") {
  const Folder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.file(""));
  {
    PidFile file("pid");
    std::filesystem::current_path(before);
    file.write();
    CHECK(content_of(folder.file("pid")) == kOurs + "\n");
  }
  CHECK_FALSE(std::filesystem::exists(folder.file("pid")));
}
