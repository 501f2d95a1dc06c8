// See main.h.
#include "master/ctl/main.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "master/ctl/connection.h"
#include "master/ctl/explain.h"
#include "master/ctl/failure.h"
#include "master/ctl/objects.h"
#include "master/ctl/options.h"
#include "master/ctl/screen.h"
#include "master/ctl/top.h"
#include "master/ctl/views.h"
#include "master/log_sink.h"

namespace master::ctl {
namespace {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};              // for an answer that takes no time
constexpr std::chrono::milliseconds kHealthPatience{100};  // a check script has no time
constexpr timespec kPause{1, 0};                           // between two pictures
constexpr std::string_view kStatus = "status";

void print_text(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    append_line_text(lines.emplace_back(), text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  print(lines);
}

bool take(Words& words, std::string_view option) { return std::erase(words, option) != 0; }

// The commands that poundctl shows in its own way take no other arguments.
void expect_alone(const Words& words) {
  if (words.size() == 1) return;
  throw Failure(kMisused, "unexpected argument `" + words[1] + "` of " + words[0]);
}

Objects ask_objects(const std::string& socket, const std::string& command) {
  return parse_objects(ask(socket, {command}, kPatience));
}

Lines picture(const std::string& command, const Objects& objects) {
  return command == kStatus ? status_view(objects, columns())
                            : list_view(command, objects, columns());
}

// Until the user ends it. The daemon may be away meanwhile, as during a restart.
[[noreturn]] void watch(const std::string& socket, const std::string& command) {
  Lines lines = picture(command, ask_objects(socket, command));
  while (true) {
    paint(lines);
    ::nanosleep(&kPause, nullptr);
    try {
      lines = picture(command, ask_objects(socket, command));
    } catch (const Failure& failure) {
      lines = {failure.what()};
    }
  }
}

void show(const std::string& socket, Words words) {
  const bool json = take(words, "--json");
  const bool again = take(words, "--watch");
  expect_alone(words);
  if (json && again) throw Failure(kMisused, "--json and --watch exclude each other");
  const std::string& command = words.front();
  if (json) {
    print_text(ask(socket, {command, "--json"}, kPatience));
  } else if (again) {
    watch(socket, command);
  } else {
    print(picture(command, ask_objects(socket, command)));
  }
}

Sample take_sample(const std::string& socket) {
  return {ask_objects(socket, std::string(kStatus)), ask_objects(socket, "times")};
}

void top(const std::string& socket, Words words) {
  const bool once = take(words, "--once") || !is_terminal();
  expect_alone(words);
  Interval interval;
  interval.before = take_sample(socket);
  for (auto begin = Clock::now();;) {
    ::nanosleep(&kPause, nullptr);
    interval.after = take_sample(socket);
    const auto end = Clock::now();
    interval.seconds = std::chrono::duration<double>(end - begin).count();
    const Lines lines = top_view(interval, columns(), rows() - 1);
    if (once) return print(lines);
    paint(lines);
    interval.before = std::move(interval.after);
    begin = end;
  }
}

// Ends with 0 or 1 only, as check scripts expect it.
void ask_health(const std::string& socket, const Words& words) {
  try {
    print_text(ask(socket, words, kHealthPatience));
  } catch (const Failure& failure) {
    throw Failure(failure.status == kNoDaemon ? kFailed : failure.status, failure.what());
  }
}

void run(const Options& options) {
  if (options.words.front() == "explain") {
    return print_text(explain({.socket = options.socket,
                               .config_file = options.config_file,
                               .words = {options.words.begin() + 1, options.words.end()}}));
  }
  const std::string socket =
      options.socket.empty() ? socket_of(options.config_file) : options.socket;
  const std::string& command = options.words.front();
  if (command == kStatus || is_list(command)) return show(socket, options.words);
  if (command == "top") return top(socket, options.words);
  if (command == "health") return ask_health(socket, options.words);
  const std::string answer = ask(socket, options.words);
  if (answer.empty() && (command == "drain" || command == "disable")) {
    throw Failure(kFailed, "pound has ended before it answered");
  }
  print_text(answer);
}

int fail(const char* text, int status) {
  std::string shown;
  std::string_view rest = text;
  while (!rest.empty()) {  // a usage line may follow
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    append_line_text(shown, rest.substr(0, end));
    shown += '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::fprintf(stderr, "poundctl: %s", shown.c_str());
  return status;
}

}  // namespace

bool is_called(const char* program) {
  const std::string_view path = program;
  return path.substr(path.rfind('/') + 1) == "poundctl";
}

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    switch (options.action) {
      case Options::Action::help:
        std::fputs(help_text().c_str(), stdout);
        break;
      case Options::Action::version:
        std::puts("poundctl " POUND_VERSION);
        break;
      case Options::Action::run:
        run(options);
        break;
    }
    return kDone;
  } catch (const Failure& failure) {
    return fail(failure.what(), failure.status);
  } catch (const std::exception& error) {
    return fail(error.what(), kFailed);
  }
}

}  // namespace master::ctl
