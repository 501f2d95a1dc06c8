// Parses the command line with getopt(3), but writes its own messages.
#include "master/options.h"

#include <unistd.h>

#include <charconv>
#include <cstring>

namespace master {
namespace {

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

void apply(int letter, Options& options) {
  switch (letter) {
    case 'c':
      options.action = Options::Action::check;
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
      options.pid_file = parse_path(letter, optarg);
      break;
    case ':':
      throw UsageError(option_text(optopt) + " takes a value");
    default:
      throw UsageError(option_text(optopt) + " is unknown");
  }
}

bool asks_for_version(int argc, char* const* argv, const char* letters) {
  optind = 0;  // glibc: start from the beginning
  for (int letter = 0; (letter = getopt(argc, argv, letters)) != -1;) {
    if (letter == 'v' || letter == 'V') return true;
  }
  return false;
}

}  // namespace

UsageError::UsageError(const std::string& mistake)
    : std::runtime_error("pound: " + mistake +
                         "\nusage: pound [-v] [-c] [-F] [-d level] [-f config_file] "
                         "[-p pid_file]") {}

Options parse_options(int argc, char* const* argv) {
  constexpr const char* kLetters = ":vVcFd:f:p:";
  Options options;
  if (asks_for_version(argc, argv, kLetters)) {
    options.action = Options::Action::version;
    return options;
  }
  optind = 0;
  for (int letter = 0; (letter = getopt(argc, argv, kLetters)) != -1;) apply(letter, options);
  if (optind < argc) throw UsageError(std::string("unexpected operand ") + argv[optind]);
  if (options.detail > 0) options.foreground = true;
  return options;
}

}  // namespace master
