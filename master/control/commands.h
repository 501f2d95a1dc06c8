// The table of commands that the control socket takes.
//
// Each part of the master that has something to show or to change adds its commands at the start.
// A handler gets the words behind the name. It answers through `reply`, at once or later. It may
// throw Misused or Refused before it has answered (reply.h); other exceptions count as Refused. A
// handler must not block, and must end quickly: the master does nothing else meanwhile.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "master/control/reply.h"
#include "master/log_queue.h"

namespace master::control {

// Who sent a command, as the kernel knows it.
struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
};

struct Call {
  std::vector<std::string> arguments;
  Peer peer;
  Reply reply;
};

struct Command {
  std::string_view name;
  std::string_view arguments;  // for the help, such as "BACKEND [--wait]"
  std::string_view help;       // one line, without a full stop
  bool is_change = false;      // is logged, with its peer
  std::function<void(Call)> run;
};

class Commands {
 public:
  // Knows the command `help` from the beginning.
  explicit Commands(LogQueue& log_queue);
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  void add(Command command) { commands_.push_back(std::move(command)); }
  // Runs the command in `line`. Whatever is wrong with the line, the reply gets an answer.
  void run(std::string_view line, Peer peer, const Reply& reply) const;

 private:
  void dispatch(std::vector<std::string> words, Peer peer, const Reply& reply) const;
  const Command& find(std::string_view name) const;  // throws Misused
  std::string help_text() const;

  LogQueue& log_queue_;
  std::vector<Command> commands_;
};

// For handlers whose command takes no argument. Throws Misused.
void expect_no_arguments(const Call& call);
// Removes `option` from the arguments; whether it was there.
bool take_option(Call& call, std::string_view option);

}  // namespace master::control
