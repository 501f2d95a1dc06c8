#include <doctest/doctest.h>

#include <vector>

#include "master/options.h"

using master::Options;

namespace {

Options parse(std::vector<std::string> words) {
  words.insert(words.begin(), "pound");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return master::parse_options(static_cast<int>(words.size()), argv.data());
}

std::string mistake(const std::vector<std::string>& words) {
  try {
    parse(words);
    return "none";
  } catch (const master::UsageError& error) {
    return error.what();
  }
}

const std::string kUsage =
    "\nusage: pound [-v] [-c] [-W] [--json] [-F] [-d level] [-f config_file] [-p pid_file] [-h] "
    "[--schema]";

}  // namespace

TEST_CASE("options: without any, the defaults of Pound 3.0 hold") {
  const Options options = parse({});
  CHECK(options.action == Options::Action::run);
  CHECK_FALSE(options.foreground);
  CHECK(options.detail == 0);
  CHECK(options.config_file == "/etc/pound/pound.yaml");
  CHECK(options.pid_file == "/var/run/pound.pid");
}

TEST_CASE("options: each option, in a word of its own and combined") {
  CHECK(parse({"-c"}).action == Options::Action::check);
  CHECK(parse({"-F"}).foreground);
  CHECK(parse({"-f", "a.yaml"}).config_file == "a.yaml");
  CHECK(parse({"-fa.yaml"}).config_file == "a.yaml");
  CHECK(parse({"-p", "a.pid"}).pid_file == "a.pid");
  CHECK(parse({"-cW"}).strict);
  CHECK(parse({"--json", "-c"}).json);
  CHECK_FALSE(parse({"-c"}).strict);
  CHECK_FALSE(parse({"-c"}).json);
  const Options options = parse({"-cFd3", "-f", "x"});
  CHECK(options.action == Options::Action::check);
  CHECK(options.detail == 3);
  CHECK(options.config_file == "x");
}

TEST_CASE("options: -d above 0 stays in the foreground") {
  CHECK_FALSE(parse({"-d", "0"}).foreground);
  CHECK(parse({"-d", "1"}).foreground);
  CHECK(parse({"-d", "9"}).detail == 9);
  CHECK(parse({"-F", "-d", "0"}).foreground);
}

TEST_CASE("options: -d takes 0..9") {
  for (const char* level : {"10", "-1", "x", "1x", "", "+1", " 1", "99999999999999999999"}) {
    CAPTURE(level);
    CHECK(mistake({"-d", level}) == "pound: option -d takes a level from 0 to 9" + kUsage);
  }
}

TEST_CASE("options: -v and -V win over everything else") {
  CHECK(parse({"-v"}).action == Options::Action::version);
  CHECK(parse({"-V"}).action == Options::Action::version);
  CHECK(parse({"-v", "-c"}).action == Options::Action::version);
  CHECK(parse({"-c", "-f", "x", "-v"}).action == Options::Action::version);
  CHECK(parse({"-x", "-v"}).action == Options::Action::version);
  CHECK(parse({"-d", "77", "-v"}).action == Options::Action::version);
  CHECK(parse({"operand", "-v"}).action == Options::Action::version);
  CHECK(parse({"-v", "-f", "x", "-p", "y"}).action == Options::Action::version);
}

TEST_CASE("options: the error names the mistake") {
  CHECK(mistake({"--hopeless"}) == "pound: option --hopeless is unknown" + kUsage);
  CHECK(mistake({"-x"}) == "pound: option -x is unknown" + kUsage);
  CHECK(mistake({"-f"}) == "pound: option -f takes a value" + kUsage);
  CHECK(mistake({"-f", ""}) == "pound: option -f takes a file name" + kUsage);
  CHECK(mistake({"-W"}) == "pound: option -W goes with -c only" + kUsage);
  CHECK(mistake({"-F", "--json"}) == "pound: option --json goes with -c only" + kUsage);
  CHECK(mistake({"start"}) == "pound: unexpected operand start" + kUsage);
  CHECK(mistake({"-c", "--", "-v"}) == "pound: unexpected operand -v" + kUsage);
}

TEST_CASE("options: -h and --help win over everything but -v") {
  CHECK(parse({"-h"}).action == Options::Action::help);
  CHECK(parse({"--help"}).action == Options::Action::help);
  CHECK(parse({"-x", "-c", "--help"}).action == Options::Action::help);
  CHECK(parse({"--help", "-v"}).action == Options::Action::version);
  CHECK(parse({"-f", "--help", "-c"}).config_file == "--help");
  const std::string help = master::help_text();
  CHECK(help.starts_with(kUsage.substr(1) + "\n"));
  for (const char* option : {"  -c ", "  -W ", "  --json ", "  -F ", "  -d N ", "  -f FILE ",
                             "  -p FILE ", "  -v ", "  -h ", "  --schema ",
                             "default /etc/pound/pound.yaml\n", "default /var/run/pound.pid\n"}) {
    CAPTURE(option);
    CHECK(help.find(option) != help.npos);
  }
}

TEST_CASE("options: --schema is an action like the others") {
  CHECK(parse({"--schema"}).action == Options::Action::schema);
  CHECK(parse({"--schema", "-v"}).action == Options::Action::version);
  CHECK(parse({"--schema", "-h"}).action == Options::Action::help);
  CHECK(mistake({"--schema", "file"}) == "pound: unexpected operand file" + kUsage);
}

TEST_CASE("options: in the foreground no pid file is needed") {
  for (const char* none : {"", "none"}) {
    CHECK(parse({"-F", "-p", none}).pid_file.empty());
    CHECK(parse({"-d", "1", "-p", none}).pid_file.empty());
    CHECK(parse({"-c", "-p", none}).pid_file.empty());
    CHECK(mistake({"-p", none}) == "pound: only with -F can pound do without a pid file" + kUsage);
    CHECK(mistake({"-d", "0", "-p", none}) ==
          "pound: only with -F can pound do without a pid file" + kUsage);
  }
  CHECK(parse({"-p", "./none"}).pid_file == "./none");
}
