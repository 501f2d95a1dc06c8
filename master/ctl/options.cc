// See options.h.
#include "master/ctl/options.h"

#include <getopt.h>

#include "master/ctl/failure.h"
#include "master/options.h"

namespace master::ctl {
namespace {

constexpr char kUsage[] =
    "usage: poundctl [-s socket] [-f config_file] [-h] [-V] command [argument ...]";
constexpr const char* kLetters = "+:hVs:f:";
const option kLongOptions[] = {{"help", no_argument, nullptr, 'h'}, {}};

[[noreturn]] void refuse(const std::string& mistake) {
  throw Failure(kMisused, mistake + "\n" + kUsage);
}

std::string option_text(int letter) { return std::string("option -") + static_cast<char>(letter); }

const char* text_of(int letter) {
  if (*optarg == '\0') refuse(option_text(letter) + " takes a file name");
  return optarg;
}

void apply(int letter, char* const* argv, Options& options) {
  switch (letter) {
    case 'h':
      options.action = Options::Action::help;
      break;
    case 'V':
      options.action = Options::Action::version;
      break;
    case 's':
      options.socket = text_of(letter);
      break;
    case 'f':
      options.config_file = text_of(letter);
      break;
    case ':':
      refuse(option_text(optopt) + " takes a value");
    default:
      refuse((optopt != 0 ? option_text(optopt) : std::string("option ") + argv[optind - 1]) +
             " is unknown");
  }
}

}  // namespace

std::string help_text() {
  return std::string(kUsage) + R"(

  -s SOCKET  the control socket of the daemon; default: that of the configuration
  -f FILE    the configuration file; default )" POUND_CONFIG_FILE R"(
  -h         print this text
  -V         print the version

Commands that poundctl shows in its own way:
  status [--json] [--watch]     what is wrong, then all tables
  workers|listeners|services|backends|sessions [--json] [--watch]
  top [--once]                  rates, once a second
  explain METHOD URL [-H FIELD] [-c ADDRESS] [--listener NAME] [--json]
                                what would become of a request, and why
`poundctl help` lists all commands that the daemon takes; poundctl(8) describes them.
)";
}

Options parse_options(int argc, char* const* argv) {
  Options options;
  options.config_file = POUND_CONFIG_FILE;
  optind = 0;  // glibc: start from the beginning
  for (int letter = 0;
       (letter = ::getopt_long(argc, argv, kLetters, kLongOptions, nullptr)) != -1;) {
    apply(letter, argv, options);
  }
  options.words.assign(argv + optind, argv + argc);
  if (options.action == Options::Action::run && options.words.empty()) {
    refuse("a command is missing");
  }
  return options;
}

}  // namespace master::ctl
