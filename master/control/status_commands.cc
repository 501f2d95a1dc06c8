// See status_commands.h.
#include "master/control/status_commands.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "shm/status_json.h"
#include "shm/status_text.h"

namespace master::control {
namespace {

using Objects = std::vector<shm::StatusObject>;

struct View {
  std::string_view name;
  std::string_view help;
  std::string_view kind;
};

constexpr std::array kViews{
    View{"workers", "the worker processes", "worker"},
    View{"listeners", "the listeners", "listener"},
    View{"services", "the services", "service"},
    View{"backends", "the backends", "backend"},
    View{"sessions", "the table of sessions", "sessions"},
};

std::string lines_of(const Objects& objects) {
  std::string text;
  for (const std::string& line : shm::object_lines(objects)) text += line + "\n";
  return text;
}

std::string list_json(const Objects& objects) {
  std::string text = "[";
  for (const shm::StatusObject& object : objects) {
    if (text.size() > 1) text += ',';
    shm::append_json(text, object);
  }
  return text + "]\n";
}

}  // namespace

void add_status_commands(Commands& commands, std::function<Objects()> status) {
  commands.add({.name = "status",
                .arguments = "[--json]",
                .help = "the whole state",
                .run = [status](Call call) {
                  const bool json = take_option(call, "--json");
                  expect_no_arguments(call);
                  call.reply.answer(json ? shm::status_json(status()) + "\n" : lines_of(status()));
                }});
  for (const View& view : kViews) {
    commands.add({.name = view.name,
                  .arguments = "[--json]",
                  .help = view.help,
                  .run = [status, kind = view.kind](Call call) {
                    const bool json = take_option(call, "--json");
                    expect_no_arguments(call);
                    Objects objects = status();
                    std::erase_if(objects, [&](const auto& one) { return one.kind != kind; });
                    call.reply.answer(json ? list_json(objects) : lines_of(objects));
                  }});
  }
}

}  // namespace master::control
