// See process_state.h.
#include "master/process_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "worker/net/unique_fd.h"

namespace master {
namespace {

constexpr std::size_t kMostBytes = 512;

std::string read_proc(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const worker::net::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(kMostBytes, '\0');
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::string_view meaning(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "in an uninterruptible call";
    case 'T':
      return "stopped";
    case 't':
      return "stopped by a debugger";
    case 'Z':
    case 'X':
      return "dead";
    default:
      return "unknown";
  }
}

bool is_symbol(std::string_view text) {
  return !text.empty() && text != "0" && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  });
}

}  // namespace

std::string process_state_text(std::string_view stat, std::string_view wchan) {
  // The state follows the program's name, which may itself contain parentheses.
  const std::size_t end_of_name = stat.rfind(") ");
  if (end_of_name == stat.npos || end_of_name + 2 >= stat.size()) return "its state is unknown";
  const char state = stat[end_of_name + 2];
  std::string text = "state ";
  text += state;
  text += " (" + std::string(meaning(state)) + ")";
  if (is_symbol(wchan)) text += ", waiting in " + std::string(wchan);
  return text;
}

std::string process_state_text(pid_t pid) {
  return process_state_text(read_proc(pid, "stat"), read_proc(pid, "wchan"));
}

}  // namespace master
