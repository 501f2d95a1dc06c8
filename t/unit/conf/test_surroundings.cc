// Tests of conf/surroundings with real files. What is not regular, and Include as a whole:
// t/e2e/config/test_include.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "conf/surroundings.h"
#include "t/unit/folder.h"

namespace fs = std::filesystem;

TEST_CASE("surroundings: by default there is no file and no variable") {
  const conf::Surroundings none;
  std::string error;
  CHECK_FALSE(none.read("/etc/passwd", 1000, error));
  CHECK(error == "cannot open it: No such file or directory");
  error.clear();
  CHECK(none.match("/etc/*", error) == std::vector<std::string>{});
  CHECK(error.empty());
  CHECK(none.identity("a/../b") == "a/../b");
  CHECK_FALSE(none.variable("PATH"));
}

TEST_CASE("surroundings: a pattern matches regular files in the order of their bytes") {
  const Folder scratch;
  for (const char* name : {"b", "B", "10", "9", "\xc3\xa9", ".hidden", "ab"})
    scratch.write(name, "");
  fs::create_directory(scratch.file("folder"));
  fs::create_symlink("b", scratch.file("link"));
  fs::create_symlink("none", scratch.file("dangling"));
  const conf::SystemSurroundings system;
  std::string error;
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> found = system.match(scratch.file(pattern), error).value();
    for (std::string& path : found) path = fs::path(path).filename().string();
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names("*") == Names{"10", "9", "B", "ab", "b", "dangling", "link", "\xc3\xa9"});
  CHECK(names("?") == Names{"9", "B", "b"});
  CHECK(names("[ab]*") == Names{"ab", "b"});
  CHECK(names(".h*") == Names{".hidden"});
  CHECK(names("none*") == Names{});
  CHECK(names("none/*") == Names{});
  CHECK(names("b/*") == Names{});
  CHECK(error.empty());
}

TEST_CASE("surroundings: a folder that cannot be read") {
  const Folder scratch;
  fs::create_symlink("loop", scratch.file("loop"));
  std::string error;
  CHECK_FALSE(conf::SystemSurroundings().match(scratch.file("loop/*"), error));
  CHECK(error == "cannot read a folder: Too many levels of symbolic links");
}

TEST_CASE("surroundings: files and what they are") {
  const Folder scratch;
  scratch.write("file", "text");
  fs::create_symlink("file", scratch.file("link"));
  const conf::SystemSurroundings system;
  std::string error;
  CHECK(system.read(scratch.file("link"), 4, error) == "text");
  CHECK_FALSE(system.read(scratch.file("file"), 3, error));
  CHECK(error == "more than 0 MiB of text");
  CHECK_FALSE(system.read(scratch.file("."), 3, error));
  CHECK(error == "this is a directory, expected a file");
  CHECK(system.identity(scratch.file("link")) == system.identity(scratch.file("file")));
  CHECK(system.identity(scratch.file("none")) == scratch.file("none"));
}

TEST_CASE("surroundings: variables are those of the process") {
  const conf::SystemSurroundings system;
  ::setenv("POUND_TEST_VARIABLE", "a b", 1);
  CHECK(system.variable("POUND_TEST_VARIABLE") == "a b");
  ::unsetenv("POUND_TEST_VARIABLE");
  CHECK_FALSE(system.variable("POUND_TEST_VARIABLE"));
}
