#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/reload_report.h"
#include "t/unit/folder.h"

using master::ReloadReport;

TEST_CASE("reload report: the outcome is beside the pid file until the master ends") {
  const Folder folder;
  const std::string path = folder.file("pound.pid.reload");
  {
    ReloadReport report(folder.file("pound.pid"));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(report.publish({true, 7, 12'345'678, {"generation 7 active"}}).empty());
    CHECK(content_of(path) ==
          "result=ok\ngeneration=7\nstarted=12345.67\nmessage=generation 7 active\n");
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0644);

    CHECK(report.publish({false, 7, 5, {"one", "two\nresult=ok"}}).empty());
    CHECK(content_of(path) ==
          "result=failed\ngeneration=7\nstarted=0.00\nmessage=one\nmessage=two result=ok\n");
  }
  CHECK(std::filesystem::is_empty(folder.file("")));
}

TEST_CASE("reload report: a link in its place is replaced, not followed") {
  const Folder folder;
  folder.write("precious", "kept");
  REQUIRE(::symlink(folder.file("precious").c_str(), folder.file("p.reload").c_str()) == 0);
  ReloadReport report(folder.file("p"));
  CHECK(report.publish({}).empty());
  CHECK(content_of(folder.file("precious")) == "kept");
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(folder.file("p.reload"))));
}

TEST_CASE("reload report: returns the reason when the file cannot be written") {
  const Folder folder;
  ReloadReport nowhere(folder.file("missing/p"));
  CHECK(nowhere.publish({}) == folder.file("missing/p.reload") + ": No such file or directory");
}

TEST_CASE("reload report: a process that never published removes nothing") {
  const Folder folder;
  folder.write("p.reload", "of another master");
  { const ReloadReport report(folder.file("p")); }
  CHECK(content_of(folder.file("p.reload")) == "of another master");
}

TEST_CASE("reload_report: a write that fails is reported with its error, and leaves no file") {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit no_bytes{0, 0};
    if (::setrlimit(RLIMIT_FSIZE, &no_bytes) != 0) ::_exit(1);
    master::ReloadReport report(folder.file("p.pid"));
    const std::string error = report.publish({true, 1, 0, {}});
    ::_exit(error == folder.file("p.pid.reload") + ": File too large" ? 0 : 2);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(std::filesystem::is_empty(folder.file("")));
}

TEST_CASE("reload report: without a pid file nothing is written, and that is no error") {
  const auto home = std::filesystem::current_path();
  const Folder folder;
  std::filesystem::current_path(folder.file(""));
  {
    ReloadReport report("");
    CHECK(report.publish({true, 1, 0, {"active"}}).empty());
  }
  CHECK(std::filesystem::is_empty(folder.file("")));
  std::filesystem::current_path(home);
}

TEST_CASE("reload report: nothing is written to a folder that somebody else may write") {
  const Folder folder;
  REQUIRE(::chmod(folder.file("").c_str(), 01777) == 0);
  ReloadReport report(folder.file("p"));
  CHECK(report.publish({}) == folder.file("p.reload") + ": its folder can be written by everybody");
  CHECK(std::filesystem::is_empty(folder.file("")));
}
