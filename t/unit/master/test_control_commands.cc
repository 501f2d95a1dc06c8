#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "master/control/commands.h"
#include "master/control/reload_waiters.h"

using namespace master::control;

namespace {

struct Answers : Recipient {
  std::vector<std::string> all;
  void take(std::string answer) override { all.push_back(std::move(answer)); }
};

// Keeps the lines of the log.
class Lines : public master::LogSink {
 public:
  explicit Lines(std::vector<std::string>& lines) : lines_(lines) {}

 protected:
  Sent send(int, pid_t, std::string_view text, std::uint64_t) override {
    lines_.emplace_back(text);
    return Sent::yes;
  }

 private:
  std::vector<std::string>& lines_;
};

struct Desk {
  std::vector<std::string> log;
  master::LogQueue queue{std::make_unique<Lines>(log), 0};
  Commands commands{queue};
  std::shared_ptr<Answers> answers = std::make_shared<Answers>();

  std::string ask(std::string_view line) {
    answers->all.clear();
    commands.run(line, {12, 34}, Reply(answers));
    REQUIRE(answers->all.size() == 1);
    return answers->all.front();
  }
};

}  // namespace

TEST_CASE("control commands: a handler gets the words, and whoever changes something is logged") {
  Desk desk;
  Call got;
  desk.commands.add({.name = "show", .arguments = "[X]", .help = "show x", .run = [&](Call call) {
                       got = call;
                       call.reply.answer("x\n");
                     }});
  desk.commands.add({.name = "change",
                     .arguments = "",
                     .help = "change x",
                     .is_change = true,
                     .run = [](const Call& call) { call.reply.answer(""); }});
  CHECK(desk.ask("show \"a b\" c") == "x\n");
  CHECK(got.arguments == std::vector<std::string>{"a b", "c"});
  CHECK(got.peer.uid == 12);
  desk.queue.flush();
  CHECK(desk.log.empty());
  CHECK(desk.ask("change \"\t\" \xff") == "");
  desk.queue.flush();
  CHECK(desk.log == std::vector<std::string>{"control: uid 12, pid 34: change   \\xff"});
  CHECK(desk.ask("help") ==
        "change    change x\n"
        "help      list the commands\n"
        "show [X]  show x\n");
}

TEST_CASE("control commands: errors") {
  Desk desk;
  desk.commands.add({.name = "odd", .arguments = "N", .help = "", .run = [](Call call) {
                       if (call.arguments.empty()) throw Misused("N is missing");
                       if (call.arguments[0] == "1") throw Refused("not\n1");
                       throw std::runtime_error("broken");
                     }});
  CHECK(desk.ask("") == "usage: the line has no command; `help` lists them\n");
  CHECK(desk.ask("hlep") == "usage: unknown command `hlep`; did you mean `help`?\n");
  CHECK(desk.ask("\"") == "usage: a quotation mark is not closed\n");
  CHECK(desk.ask("odd") == "usage: N is missing; the command is: odd N\n");
  CHECK(desk.ask("odd 1") == "error: not 1\n");
  CHECK(desk.ask("odd 2") == "error: broken\n");
}

TEST_CASE("control commands: an option is taken out of the arguments") {
  Call call{{"a", "--json", "b"}, {}, {}};
  CHECK(take_option(call, "--json"));
  CHECK(call.arguments == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(take_option(call, "--json"));
  CHECK_THROWS_AS(expect_no_arguments(call), Misused);
  CHECK_NOTHROW(expect_no_arguments({}));
}

TEST_CASE("control commands: a reload answers those that asked before it began") {
  ReloadWaiters waiters;
  const auto early = std::make_shared<Answers>();
  const auto late = std::make_shared<Answers>();
  auto gone = std::make_shared<Answers>();
  waiters.add(Reply(early));
  waiters.add(Reply(gone));
  gone.reset();
  waiters.on_begin();
  waiters.add(Reply(late));
  waiters.on_end(true, {"one\ntwo", "three"});
  CHECK(early->all == std::vector<std::string>{"one two\nthree\n"});
  CHECK(late->all.empty());
  waiters.on_end(true, {"nobody waits"});
  CHECK(early->all.size() == 1);
  waiters.on_begin();
  waiters.on_end(false, {"bad"});
  CHECK(late->all == std::vector<std::string>{"error: bad\n"});
  waiters.add(Reply(early));
  waiters.give_up("the end");
  CHECK(early->all.back() == "error: the end\n");
}
