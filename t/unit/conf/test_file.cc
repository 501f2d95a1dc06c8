// Tests of conf/file: what is read whole, what is refused, and in which words.
#include "conf/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using Kind = conf::FileError::Kind;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "pound-file-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
  fs::path path;
};

conf::FileError refusal(const std::string& path, std::size_t most = 100) {
  conf::FileError error;
  CHECK_FALSE(conf::read_file(path, most, error));
  return error;
}

}  // namespace

TEST_CASE("file: all bytes of a file, up to the limit and not one more") {
  const Folder folder;
  const std::string text("a\0b\n\xff", 5);
  const std::string path = folder.write("five", text);
  conf::FileError error;
  CHECK(conf::read_file(path, 5, error) == text);
  CHECK(conf::read_file(path, 100, error) == text);
  CHECK(conf::read_file(folder.write("empty", ""), 0, error) == "");
  const conf::FileError larger = refusal(path, 4);
  CHECK(larger.kind == Kind::too_large);
  CHECK(larger.text() == "larger than 4 bytes");
}

TEST_CASE("file: a file that tells no size is read whole, too") {
  conf::FileError error;
  const auto text = conf::read_file("/proc/self/status", 1 << 20, error);
  REQUIRE(text);
  CHECK(text->size() > 100);
  CHECK(text->ends_with("\n"));
  CHECK(refusal("/proc/self/status", 100).kind == Kind::too_large);
}

TEST_CASE("file: what is no regular file is neither read nor waited for") {
  const Folder folder;
  const std::string fifo = (folder.path / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {folder.path.string(), fifo, std::string("/dev/zero")}) {
    CAPTURE(path);
    const conf::FileError error = refusal(path);
    CHECK(error.kind == Kind::not_regular);
    CHECK(error.text() == "not a regular file");
  }
  CHECK(S_ISDIR(refusal(folder.path.string()).mode));
  CHECK(S_ISFIFO(refusal(fifo).mode));
}

TEST_CASE("file: the system's reason when it does not open a file") {
  const Folder folder;
  const conf::FileError error = refusal((folder.path / "none").string());
  CHECK(error.kind == Kind::open);
  CHECK(error.number == ENOENT);
  CHECK(error.text() == "No such file or directory");
}
