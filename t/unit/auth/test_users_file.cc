// Tests of auth/users_file: what is read, what is said about faults, and that the copy stays.
#include "worker/auth/users_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "worker/auth/htpasswd.h"
#include "worker/net/sealed_copy.h"

using namespace worker::auth;

namespace {

const std::string kLine = "bob:$apr1$abcdefgh$82JubPF2dQkt1tVfvLnXS.\n";

struct Folder {
  Folder() {
    char name[] = "/tmp/pound-users-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& text, mode_t mode = 0640) const {
    const std::string file = path + "/users";
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::string path;
};

struct Loaded {
  UsersFile file;
  std::string messages;
  bool has_errors = false;
};

Loaded load(const std::string& path) {
  const auto config =
      std::make_shared<const conf::SourceFile>(conf::SourceFile{"pound.yaml", "Users: here\n"});
  conf::Diagnostics diagnostics;
  Loaded loaded;
  loaded.file = load_users_file({"Staff", path, {config, 1, 8}}, diagnostics);
  loaded.has_errors = diagnostics.has_errors();
  for (const std::string& line : diagnostics.headlines()) loaded.messages += line + "\n";
  CHECK(diagnostics.text().find("82JubPF2dQkt") == std::string::npos);  // no hash is shown
  return loaded;
}

}  // namespace

TEST_CASE("users_file: the copy stays what it was, and nobody can change it") {
  const Folder folder;
  const Loaded loaded = load(folder.write(kLine));
  CHECK(loaded.messages == "");
  folder.write("something else");
  REQUIRE(loaded.file.copy);
  const int fd = loaded.file.copy->get();
  CHECK(worker::net::MappedText(fd).text() == kLine);
  CHECK(::pwrite(fd, "x", 1, 0) < 0);
  CHECK(::ftruncate(fd, 0) != 0);
  CHECK(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
}

TEST_CASE("users_file: a fault names file, line and column, and no hash") {
  const Folder folder;
  const std::string path = folder.write(kLine + "alice:secret82JubPF2dQkt\n");
  const Loaded loaded = load(path);
  CHECK(loaded.has_errors);
  CHECK(loaded.messages ==
        path +
            ":2:7: error: this user has a password in plain text or a DES hash; expected bcrypt "
            "($2y$), SHA-256 or SHA-512 crypt ($5$, $6$) or $apr1$, as `htpasswd -B` makes it\n");
}

TEST_CASE("users_file: a file that cannot be read") {
  const Folder folder;
  const Loaded none = load(folder.path + "/none");
  CHECK(none.has_errors);
  CHECK(none.messages == "pound.yaml:1:8: error: cannot read the users `" + folder.path +
                             "/none`: No such file or directory; expected a readable htpasswd "
                             "file\n");
  CHECK(load(folder.path).messages.find("not a regular file") != std::string::npos);
  const std::string fifo = folder.path + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(load(fifo).messages.find("not a regular file") != std::string::npos);
}

TEST_CASE("users_file: no users, or everybody may read it: warnings") {
  const Folder folder;
  const Loaded empty = load(folder.write(""));
  CHECK_FALSE(empty.has_errors);
  CHECK(empty.messages.find("warning: the file `" + folder.path +
                            "/users` has no users: nobody is let in") != std::string::npos);
  CHECK(empty.file.copy);
  const Loaded open = load(folder.write(kLine, 0644));
  CHECK_FALSE(open.has_errors);
  CHECK(open.messages ==
        "pound.yaml:1:8: warning: everybody on this machine may read the file `" + folder.path +
            "/users` with password hashes; expected mode 0640 or less [readable-secret]\n");
}

TEST_CASE("users_file: at most 4 MiB") {
  const Folder folder;
  const std::string line = "#" + std::string(1022, 'x') + "\n";
  std::string text;
  while (text.size() < kMostFile) text += line;
  CHECK(text.size() == kMostFile);
  CHECK_FALSE(load(folder.write(text)).has_errors);
  CHECK(load(folder.write(text + "#")).messages.find("larger than 4194304 bytes") !=
        std::string::npos);
}

TEST_CASE("users_file: the same contents are the same users; identities are random") {
  const Folder folder;
  const Loaded one = load(folder.write(kLine));
  const Loaded two = load(folder.write(kLine));
  const Loaded other = load(folder.write(kLine + "\n"));
  CHECK(same_users(one.file, two.file));
  CHECK_FALSE(same_users(one.file, other.file));
  CHECK(one.file.identity != two.file.identity);
}
