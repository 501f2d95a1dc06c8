// See main.h.
#include "master/convert/main.h"

#include <getopt.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "conf/diagnostic.h"
#include "master/convert/parser.h"
#include "master/convert/translate.h"

namespace master::convert {
namespace {

constexpr int kUsable = 0;
constexpr int kFailed = 1;
constexpr int kMisused = 2;

constexpr char kUsage[] = "usage: pound-convert [-o OUT] [-r REPORT] [-h] [-V] FILE\n";
constexpr char kHelp[] = R"(
Reads FILE, a configuration of Pound 2.x or 4.x, and writes one for this Pound. Says what has become
of each line.

  -o OUT     the file to write; default: standard output
  -r REPORT  the file for the report; default: standard error
  -h         print this text
  -V         print the version
)";
const option kLongOptions[] = {{"help", no_argument, nullptr, 'h'}, {}};

struct Options {
  std::string out, report, file;
};

int misuse(const std::string& mistake) {
  std::fprintf(stderr, "pound-convert: %s\n%s", mistake.c_str(), kUsage);
  return kMisused;
}

// An empty path means the stream.
void write(const std::string& path, std::FILE* stream, const std::string& text) {
  std::FILE* const file = path.empty() ? stream : std::fopen(path.c_str(), "we");
  const bool is_written = file != nullptr &&
                          std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                          std::fflush(file) == 0;
  const int number = errno;
  const bool is_closed = path.empty() || file == nullptr || std::fclose(file) == 0;
  if (is_written && is_closed) return;
  throw std::runtime_error("cannot write " + (path.empty() ? "it" : conf::shown(path)) + ": " +
                           std::strerror(is_written ? errno : number));
}

// Whether both paths are one existing file.
bool is_same(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

int run(const Options& options) {
  for (const std::string& path : {options.out, options.report}) {
    if (!is_same(path, options.file)) continue;
    throw std::runtime_error(conf::shown(path) + " is the old configuration; name another file");
  }
  const Result result = translate(parse_file(options.file), options.file);
  write(options.out, stdout, result.yaml);
  write(options.report, stderr, result.report);
  if (result.errors.empty()) return kUsable;
  std::fprintf(stderr, "pound-convert: Pound cannot use the result:\n%s", result.errors.c_str());
  return kFailed;
}

}  // namespace

bool is_called(const char* program) {
  const std::string_view path = program;
  return path.substr(path.rfind('/') + 1) == "pound-convert";
}

int main(int argc, char** argv) {
  Options options;
  for (int letter = 0;
       (letter = ::getopt_long(argc, argv, "+:hVo:r:", kLongOptions, nullptr)) != -1;) {
    if (letter == 'h') {
      std::fputs((std::string(kUsage) + kHelp).c_str(), stdout);
      return kUsable;
    }
    if (letter == 'V') {
      std::puts("pound-convert " POUND_VERSION);
      return kUsable;
    }
    if (letter != 'o' && letter != 'r') {
      const std::string name = argv[optind - 1];
      return misuse("option " + name + (letter == ':' ? " takes a file name" : " is unknown"));
    }
    if (*optarg == '\0') return misuse("option takes a file name");
    (letter == 'o' ? options.out : options.report) = optarg;
  }
  if (optind + 1 != argc) return misuse("expected the name of one file");
  options.file = argv[optind];
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pound-convert: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace master::convert
