// See commands.h.
#include "master/control/commands.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "conf/suggest.h"
#include "master/control/line.h"

namespace master::control {
namespace {

std::string synopsis(const Command& command) {
  std::string text(command.name);
  if (!command.arguments.empty()) text += " " + std::string(command.arguments);
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + word;
  return text;
}

std::string one_line(std::string_view text) {
  std::string out;
  append_line_text(out, text);
  return out;
}

}  // namespace

Commands::Commands(LogQueue& log_queue) : log_queue_(log_queue) {
  add({.name = "help",
       .arguments = "",
       .help = "list the commands",
       .run = [this](const Call& call) {
         expect_no_arguments(call);
         call.reply.answer(help_text());
       }});
}

void Commands::run(std::string_view line, Peer peer, const Reply& reply) const {
  try {
    Words split = split_words(line);
    if (!split.error.empty()) throw Misused(split.error);
    if (split.words.empty()) throw Misused("the line has no command; `help` lists them");
    dispatch(std::move(split.words), peer, reply);
  } catch (const Misused& error) {
    reply.misuse(one_line(error.what()));
  } catch (const std::exception& error) {
    reply.refuse(one_line(error.what()));
  }
}

void Commands::dispatch(std::vector<std::string> words, Peer peer, const Reply& reply) const {
  const Command& command = find(words.front());
  if (command.is_change) {
    log_queue_.log(worker::log::Severity::notice, "control: uid " + std::to_string(peer.uid) +
                                                      ", pid " + std::to_string(peer.pid) + ":" +
                                                      one_line(joined(words)));
  }
  words.erase(words.begin());
  try {
    command.run({std::move(words), peer, reply});
  } catch (const Misused& error) {
    throw Misused(std::string(error.what()) + "; the command is: " + synopsis(command));
  }
}

const Command& Commands::find(std::string_view name) const {
  const auto found = std::find_if(commands_.begin(), commands_.end(),
                                  [&](const Command& command) { return command.name == name; });
  if (found != commands_.end()) return *found;
  std::vector<std::string_view> names;
  for (const Command& command : commands_) names.push_back(command.name);
  std::string advice = conf::did_you_mean(name, names);
  if (advice.empty()) advice = "; `help` lists the commands";
  throw Misused("unknown command `" + std::string(name) + "`" + advice);
}

std::string Commands::help_text() const {
  std::vector<const Command*> sorted;
  std::size_t width = 0;
  for (const Command& command : commands_) {
    sorted.push_back(&command);
    width = std::max(width, synopsis(command).size());
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Command* one, const Command* other) { return one->name < other->name; });
  std::string text;
  for (const Command* command : sorted) {
    const std::string head = synopsis(*command);
    text += head + std::string(width - head.size() + 2, ' ') + std::string(command->help) + "\n";
  }
  return text;
}

void expect_no_arguments(const Call& call) {
  if (call.arguments.empty()) return;
  throw Misused("unexpected argument `" + call.arguments.front() + "`");
}

bool take_option(Call& call, std::string_view option) {
  return std::erase(call.arguments, option) != 0;
}

}  // namespace master::control
