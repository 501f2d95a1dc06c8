// Tests of tls/files: which files a path names, and the key beside a certificate.
#include "worker/tls/files.h"

#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"

using namespace tls_test;
using Paths = std::vector<std::string>;

namespace {

struct Names {
  Folder folder;
  // The files that `path` of the folder names, without the folder.
  Paths of(const std::string& path, const std::string& key = "") {
    Paths found = worker::tls::expand_path({folder.path + "/" + path, {}, key, {}}, diagnostics);
    for (std::string& one : found) one.erase(0, folder.path.size() + 1);
    return found;
  }
  conf::Diagnostics diagnostics;
};

}  // namespace

TEST_CASE("tls files: a folder and a pattern stand for their files, sorted by name") {
  Names names;
  Paths sorted;
  std::filesystem::create_directory(names.folder.path + "/d");
  // In the order of creation, its reverse and the order of hashes the names would be unsorted.
  for (const char letter : std::string_view("hcafbgejdi")) {
    names.folder.write("d/" + std::string(1, letter) + ".pem", "");
  }
  for (char letter = 'a'; letter <= 'j'; ++letter) {
    sorted.push_back("d/" + std::string(1, letter) + ".pem");
  }
  names.folder.write("d/.hidden.pem", "");
  names.folder.write("d/a.pem.key", "");
  names.folder.write("d/pem", "");
  CHECK(names.of("d") == sorted);
  CHECK(names.of("d/*.pem") == sorted);
  CHECK(names.of("d/[bd].pem") == Paths{"d/b.pem", "d/d.pem"});
  CHECK(names.of("?/c.pem") == Paths{"d/c.pem"});
  CHECK(names.diagnostics.all().empty());
}

TEST_CASE("tls files: an existing name is no pattern, and an entry with a key is one file") {
  Names names;
  std::filesystem::create_directory(names.folder.path + "/d");
  names.folder.write("d/a.pem", "");
  names.folder.write("[a].pem", "");
  names.folder.write("a.pem", "");
  CHECK(names.of("[a].pem") == Paths{"[a].pem"});
  CHECK(names.of("[a]*.pem") == Paths{"a.pem"});
  CHECK(names.of("d", "key") == Paths{"d"});
  CHECK(names.of("*.pem", "key") == Paths{"*.pem"});
  CHECK(names.of("none.pem") == Paths{"none.pem"});  // whoever reads it says why it cannot
  CHECK(names.diagnostics.all().empty());
}

TEST_CASE("tls files: nothing matches, and a folder without a file that counts") {
  Names names;
  std::filesystem::create_directory(names.folder.path + "/d");
  names.folder.write("d/.hidden.pem", "");
  const std::string head = "no certificate in `" + names.folder.path;
  CHECK(names.of("d").empty());
  CHECK(names.of("d/*.pem").empty());
  REQUIRE(names.diagnostics.all().size() == 2);
  CHECK(names.diagnostics.all()[0].message ==
        head + "/d`: there is no *.pem in it; expected PEM files");
  CHECK(names.diagnostics.all()[1].message ==
        head + "/d/*.pem`: nothing matches; expected PEM files");
}

TEST_CASE("tls files: the key beside a certificate: X.pem.key, X.key, certbot's privkey.pem") {
  const Folder folder;
  const auto beside = [&](const std::string& name) {
    const std::string found = worker::tls::key_beside(folder.path + "/" + name);
    return found.empty() ? found : found.substr(folder.path.size() + 1);
  };
  CHECK(beside("a.pem").empty());
  folder.write("privkey.pem", "");
  CHECK(beside("a.pem").empty());
  CHECK(beside("fullchain.pem") == "privkey.pem");
  folder.write("fullchain.key", "");
  CHECK(beside("fullchain.pem") == "fullchain.key");
  folder.write("fullchain.pem.key", "");
  CHECK(beside("fullchain.pem") == "fullchain.pem.key");
  // A certificate in a file X.key is not its own key.
  CHECK(beside("fullchain.key").empty());
  folder.write("fullchain.key.key", "");
  CHECK(beside("fullchain.key") == "fullchain.key.key");
}

TEST_CASE("tls files: the bytes of all certificates and keys, each up to the largest file") {
  const Folder folder;
  const auto file = [&](const char* name, std::size_t size) {
    return folder.write(name, std::string(size, 'x'));
  };
  std::filesystem::create_directory(folder.path + "/d");
  file("d/a.pem", 1);
  file("d/a.key", 20);
  file("d/b.pem", 300);
  const std::string lone = file("lone.pem", 4000);
  const std::string key = file("other", 50000);
  const std::string most = file("most.pem", worker::tls::kMaxPemFile);
  const std::string more = file("more.pem", worker::tls::kMaxPemFile + 1);
  const auto bytes = [](const conf::Tls& tls) { return worker::tls::file_bytes(tls); };
  CHECK(bytes({}) == 0);
  CHECK(bytes(settings_of({folder.path + "/d"})) == 321);
  CHECK(bytes(settings_of({folder.path + "/d", lone})) == 4321);
  CHECK(bytes(settings_of({folder.path + "/none.pem", "/dev/null", lone})) == 4000);
  conf::Tls named = settings_of({lone});
  named.certificates[0].key = key;
  CHECK(bytes(named) == 54000);
  CHECK(bytes(settings_of({most})) == worker::tls::kMaxPemFile);
  CHECK(bytes(settings_of({more})) == worker::tls::kMaxPemFile);
}
