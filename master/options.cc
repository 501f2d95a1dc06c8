// Parses the command line with getopt_long(3), but writes its own messages.
#include "master/options.h"

#include <getopt.h>

#include <charconv>
#include <cstring>
#include <string_view>

namespace master {
namespace {

constexpr char kUsage[] =
    "usage: pound [-v] [-c] [-W] [--json] [-F] [-d level] [-f config_file] [-p pid_file] [-h] "
    "[--schema]";
constexpr const char* kLetters = ":vVhcWFd:f:p:";
constexpr int kJson = 256;  // no letters
constexpr int kSchema = 257;
const option kLongOptions[] = {{"help", no_argument, nullptr, 'h'},
                               {"json", no_argument, nullptr, kJson},
                               {"schema", no_argument, nullptr, kSchema},
                               {}};

std::string option_text(int letter) { return std::string("option -") + static_cast<char>(letter); }

int parse_detail(const char* text) {
  int level = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, level);
  if (error != std::errc() || stop != end || level < 0 || level > kMaxDetail) {
    throw UsageError("option -d takes a level from 0 to " + std::to_string(kMaxDetail));
  }
  return level;
}

const char* parse_path(int letter, const char* text) {
  if (*text == '\0') throw UsageError(option_text(letter) + " takes a file name");
  return text;
}

std::string unknown_option(char* const* argv) {
  return optopt != 0 ? option_text(optopt) : std::string("option ") + argv[optind - 1];
}

void apply(int letter, char* const* argv, Options& options) {
  switch (letter) {
    case 'c':
      options.action = Options::Action::check;
      break;
    case 'W':
      options.strict = true;
      break;
    case kJson:
      options.json = true;
      break;
    case 'F':
      options.foreground = true;
      break;
    case 'd':
      options.detail = parse_detail(optarg);
      break;
    case 'f':
      options.config_file = parse_path(letter, optarg);
      break;
    case 'p':
      options.pid_file = std::string_view(optarg) == "none" ? "" : optarg;
      break;
    case kSchema:
      options.action = Options::Action::schema;
      break;
    case ':':
      throw UsageError(option_text(optopt) + " takes a value");
    default:
      throw UsageError(unknown_option(argv) + " is unknown");
  }
}

int next_letter(int argc, char* const* argv) {
  return ::getopt_long(argc, argv, kLetters, kLongOptions, nullptr);
}

bool asks_for(const char* wanted, int argc, char* const* argv) {
  optind = 0;  // glibc: start from the beginning
  for (int letter = 0; (letter = next_letter(argc, argv)) != -1;) {
    if (letter < kJson && std::strchr(wanted, letter) != nullptr) return true;
  }
  return false;
}

}  // namespace

UsageError::UsageError(const std::string& mistake)
    : std::runtime_error("pound: " + mistake + "\n" + kUsage) {}

std::string help_text() {
  return std::string(kUsage) + R"(

  -c       check the configuration file, and exit with status 0 or 1
  -W       with -c: warnings are errors
  --json   with -c: write the result to standard output, as JSON
  -F       stay in the foreground, and log to standard output
  -d N     with N from 1 to 9: as -F, with more detail in the log
  -f FILE  the configuration file; default )" POUND_CONFIG_FILE R"(
  -p FILE  the file for the pid; default )" POUND_PID_FILE R"(
           With -F, '' or none means no file
  -v       print the version
  -h       print this text
  --schema print a JSON Schema of the configuration file, for editors

pound(8) describes the program and pound.yaml(5) the configuration file.
)";
}

Options parse_options(int argc, char* const* argv) {
  Options options;
  if (asks_for("vV", argc, argv)) {
    options.action = Options::Action::version;
    return options;
  }
  if (asks_for("h", argc, argv)) {
    options.action = Options::Action::help;
    return options;
  }
  optind = 0;
  for (int letter = 0; (letter = next_letter(argc, argv)) != -1;) apply(letter, argv, options);
  if (optind < argc) throw UsageError(std::string("unexpected operand ") + argv[optind]);
  if (options.action != Options::Action::check && (options.strict || options.json)) {
    throw UsageError(std::string("option ") + (options.strict ? "-W" : "--json") +
                     " goes with -c only");
  }
  if (options.detail > 0) options.foreground = true;
  const bool is_daemon = options.action == Options::Action::run && !options.foreground;
  if (options.pid_file.empty() && is_daemon) {
    throw UsageError("only with -F can pound do without a pid file");
  }
  return options;
}

}  // namespace master
