// Tests of conf/load: whole files with their exact diagnostics, the manual's examples, and what is
// no configuration at all. The files are found from the root of the repository.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "t/unit/conf/harness.h"

namespace {

namespace fs = std::filesystem;

const fs::path kData = "t/unit/data/config";

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

conf::Config manual(const std::string& name) {
  const auto loaded = conf_test::load(content(kData / (name + ".yaml")));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return *loaded.config;
}

// A temporary directory for one test.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "pound-conf-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// The diagnostics of loading a path, without the path.
std::string refusal(const fs::path& path) {
  conf::Diagnostics diagnostics;
  CHECK_FALSE(conf::load(path.string(), diagnostics));
  CHECK(diagnostics.has_errors());
  const std::string text = diagnostics.text();
  REQUIRE(text.starts_with(path.string() + ":"));
  return text.substr(path.string().size());
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

// Checks that loading ends, gives few messages and no Config.
void survives(const std::string& text) {
  const auto loaded = conf_test::load(text);
  CHECK_FALSE(loaded.config);
  CHECK(loaded.messages.find("error: ") != std::string::npos);
  CHECK(loaded.messages.size() < 400'000);
}

}  // namespace

TEST_CASE("load: every file under data/config gives exactly the expected diagnostics") {
  std::size_t cases = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kData)) {
    if (entry.path().extension() != ".yaml") continue;
    ++cases;
    conf::Diagnostics diagnostics;
    const bool good =
        conf::load_text(entry.path().filename().string(), content(entry.path()), diagnostics)
            .has_value();
    CAPTURE(entry.path().string());
    CHECK(good != diagnostics.has_errors());
    fs::path expected = entry.path();
    CHECK(diagnostics.text() == content(expected.replace_extension(".txt")));
  }
  CHECK(cases >= 60);
}

TEST_CASE("load: the manual's example 1") {
  const conf::Config config = manual("manual_e1");
  REQUIRE(config.backends.size() == 1);
  CHECK(config.backends[0].name == "be");
  CHECK(config.backends[0].address == "10.0.0.1");
  CHECK(config.backends[0].port == 80);
  CHECK(config.backends[0].timeout.count() == 15);
  CHECK(config.backends[0].threads == 8);
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].address == "192.0.2.1");
  CHECK(config.listeners[0].port == 80);
  CHECK(config.listeners[0].client.count() == 5);
  CHECK(config.listeners[0].threads == 8);
  CHECK_FALSE(config.listeners[0].tls);
  REQUIRE(config.listeners[0].services.size() == 1);
  CHECK(config.listeners[0].services[0].backends == std::vector<std::size_t>{0});
}

TEST_CASE("load: the manual's example 2") {
  const conf::Config config = manual("manual_e2");
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].port == 443);
  CHECK(config.listeners[0].client.count() == 60);
  REQUIRE(config.listeners[0].tls);
  REQUIRE(config.listeners[0].tls->certificates.size() == 1);
  CHECK(config.listeners[0].tls->certificates[0].path == "cert.pem");
  CHECK(config.listeners[0].tls->ciphers.empty());
}

TEST_CASE("load: the manual's example 3, in block and flow style") {
  for (const char* name : {"manual_e3", "manual_e3_flow"}) {
    const conf::Config config = manual(name);
    REQUIRE(config.backends.size() == 3);
    CHECK(config.backends[0].weight() == 8);
    CHECK(config.backends[1].weight() == 8);
    CHECK(config.backends[2].weight() == 12);
    CHECK(config.backends[2].address == "10.0.0.3");
    REQUIRE(config.listeners.size() == 1);
    CHECK(config.listeners[0].threads == 32);
    CHECK(config.listeners[0].services[0].backends == std::vector<std::size_t>{0, 1, 2});
  }
}

TEST_CASE("load: the manual's example 4") {
  const conf::Config config = manual("manual_e4");
  REQUIRE(config.backends.size() == 2);
  CHECK(config.backends[0].name == "text");
  CHECK(config.backends[1].name == "images");
  REQUIRE(config.listeners.size() == 1);
  const auto& services = config.listeners[0].services;
  REQUIRE(services.size() == 2);
  const auto urls = conf_test::patterns(services[0], conf::Condition::Kind::url);
  REQUIRE(urls.size() == 1);
  CHECK(urls[0].text() == ".*.(gif|jpg|png)");
  CHECK(urls[0].search("/images/logo.png"));
  CHECK(services[0].session.ttl.count() == 0);
  CHECK(services[0].backends == std::vector<std::size_t>{1});
  CHECK(services[1].conditions.empty());
  CHECK(services[1].session.ttl.count() == 300);
  CHECK(services[1].backends == std::vector<std::size_t>{0});
}

TEST_CASE("load: the two shapes of Global that distributions ship") {
  const conf::Config list = manual("shape_global_list");
  CHECK(list.global.user == "pound");
  CHECK(list.global.group == "pound");
  REQUIRE(list.listeners.size() == 1);
  CHECK(list.listeners[0].tls->certificates[0].path == "/etc/pound/pound.pem");
  CHECK(list.listeners[0].tls->ciphers.size() == 2);
  const conf::Config map = manual("shape_global_map");
  CHECK(map.global.user == "pound");
  CHECK_FALSE(map.global.root_jail);
  const conf::Service& service = map.listeners[0].services[0];
  const auto required = conf_test::patterns(service, conf::Condition::Kind::head_require);
  CHECK(required.at(0).search("host: LOCALHOST:8080"));
}

TEST_CASE("load: any letter case and every other name of a key") {
  const conf::Config config = manual("shape_letter_case");
  REQUIRE(config.backends.size() == 2);
  CHECK(config.backends[0].timeout.count() == 3);
  CHECK(config.backends[0].connect_timeout.count() == 2);
  CHECK(config.backends[0].threads == 4);
  CHECK(config.backends[0].head_add.size() == 1);
  CHECK(config.backends[1].head_add.size() == 2);
  CHECK(config.listeners[0].address == "2001:db8::1");
  CHECK(config.listeners[0].client.count() == 7);
  const conf::Service& service = config.listeners[0].services[0];
  CHECK(conf_test::patterns(service, conf::Condition::Kind::head_require).size() == 2);
}

TEST_CASE("load: the sample loads without a diagnostic") {
  conf::Diagnostics diagnostics;
  const auto config = conf::load("pound.yaml.sample", diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK(diagnostics.text() == "");
  REQUIRE(config->listeners.size() == 1);
  CHECK(config->listeners[0].address == "127.0.0.1");
  CHECK(config->listeners[0].port == 8080);
  REQUIRE(config->backends.size() == 2);
  CHECK(config->backends[0].port == 8082);
  CHECK(config->backends[1].port == 8083);
  CHECK_FALSE(config->global.user);
  CHECK_FALSE(config->global.root_jail);
  CHECK(config->global.error_pages.empty());
}

TEST_CASE("load: a file, and its name in messages") {
  const Scratch scratch;
  write(scratch / "good", conf_test::with_service(""));
  conf::Diagnostics diagnostics;
  CHECK(conf::load((scratch / "good").string(), diagnostics));
  CHECK(diagnostics.text() == "");
  write(scratch / "bad", "a: b\n");
  CHECK(refusal(scratch / "bad").starts_with(":1:1: error: unknown key `a` in the top level; "));
}

TEST_CASE("load: paths that are not readable files") {
  const Scratch scratch;
  CHECK(refusal(scratch / "none") == ": error: cannot open it: No such file or directory\n");
  CHECK(refusal(scratch / ".") == ": error: this is a directory, expected a file\n");
  REQUIRE(::mkfifo((scratch / "fifo").c_str(), 0600) == 0);
  CHECK(refusal(scratch / "fifo") == ": error: this is a FIFO, expected a file\n");
  CHECK(refusal("/dev/zero") == ": error: this is a device, expected a file\n");
  REQUIRE(::symlink("loop", (scratch / "loop").c_str()) == 0);
  CHECK(refusal(scratch / "loop") ==
        ": error: cannot open it: Too many levels of symbolic links\n");
  write(scratch / "empty", "");
  CHECK(refusal(scratch / "empty") ==
        ": error: there is nothing in it, expected Backends and listeners\n");
}

TEST_CASE("load: an unreadable file" * doctest::skip(::geteuid() == 0)) {
  const Scratch scratch;
  write(scratch / "secret", "a: b\n");
  fs::permissions(scratch / "secret", fs::perms::none);
  CHECK(refusal(scratch / "secret") == ": error: cannot open it: Permission denied\n");
}

TEST_CASE("load: 16 MiB, and one byte more") {
  const Scratch scratch;
  std::string text = conf_test::with_service("");
  text.append(conf::kMaxFileBytes - text.size() - 1, '#').append("\n");
  REQUIRE(text.size() == conf::kMaxFileBytes);
  write(scratch / "largest", text);
  conf::Diagnostics diagnostics;
  CHECK(conf::load((scratch / "largest").string(), diagnostics));
  write(scratch / "larger", text + "\n");
  CHECK(refusal(scratch / "larger") == ": error: more than 16 MiB of text\n");
}

TEST_CASE("load: hostile texts are refused quickly") {
  constexpr std::size_t kMiB = 1 << 20;
  survives(std::string(kMiB, '['));
  survives(std::string(kMiB, '{'));
  survives(repeated("- ", kMiB));
  survives(repeated("? ", kMiB));
  survives(repeated("[\n", kMiB));
  survives(repeated("a: {", kMiB));
  survives("[" + repeated("[],", kMiB));
  survives(repeated("%TAG !a! b\n", kMiB));
  survives("[" + repeated("a,", 4 * kMiB));
  survives(repeated("-\n", 4 * kMiB));
  survives(repeated("?\n", kMiB));
  survives(repeated("'", kMiB));
  survives("a: \"" + std::string(kMiB, '\n'));
  survives(repeated("&a ", kMiB));
  survives(repeated("!a ", kMiB));
  survives(std::string(kMiB, ':'));
  survives(std::string(kMiB, ' '));
  survives(repeated("Port: a\n", kMiB));
  survives("Backends: [" + repeated("*a,", kMiB) + "]\n");
}

TEST_CASE("load: an alias bomb is not expanded") {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    const std::string last = std::string("*") + static_cast<char>(c - 1) + ",";
    text += std::string(1, c) + ": &" + c + " [" + repeated(last, 30) + "]\n";
  }
  survives(text);
}

TEST_CASE("load: ten thousand services") {
  std::string text = conf_test::with_service("    URL: first\n");
  for (int i = 0; i < 10'000; ++i) {
    text += "  - {HeadRequire: '^Host: h" + std::to_string(i) + "\\.example$', Backends: *be}\n";
  }
  const auto loaded = conf_test::load(text);
  CHECK(loaded.messages == "");
  REQUIRE(loaded.config);
  CHECK(loaded.config->listeners[0].services.size() == 10'001);
}
