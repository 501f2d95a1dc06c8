#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "master/start_report.h"
#include "t/unit/master/heritage.h"

using Lines = std::vector<std::string>;

namespace {

class FakeSink : public master::LogSink {
 public:
  explicit FakeSink(Lines& lines) : lines_(lines) {}

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    lines_.push_back(std::to_string(priority) + " " + std::string(text));
    return Sent::yes;
  }

 private:
  Lines& lines_;
};

Lines written(const worker::Heritage& heritage, const conf::Diagnostics& diagnostics) {
  Lines lines;
  master::LogQueue log_queue(std::make_unique<FakeSink>(lines), 0);
  master::StartReport(heritage, diagnostics, 4096).write(log_queue);
  return lines;
}

}  // namespace

TEST_CASE("start report: version, what is served, limit on files, warnings") {
  worker::Heritage heritage = sample_heritage();
  heritage.uid = 1;  // without it there is one more warning when the test runs as root
  conf::Diagnostics diagnostics;
  const auto file = std::make_shared<conf::SourceFile>(conf::SourceFile{"a.yaml", "Global:\n"});
  diagnostics.warning(conf::Lint::no_effect, {file, 1, 2}, "in a line");
  diagnostics.note({file, 1, 2}, "not for the log");
  diagnostics.warning(conf::Lint::no_effect, {file, 0, 0}, "in a file");
  diagnostics.warning(conf::Lint::no_effect, {}, "anywhere");
  CHECK(written(heritage, diagnostics) ==
        Lines{"5 pound " POUND_VERSION " started: 2 workers, 2 listeners, 3 backends",
              "6 each process may open 4096 files", "4 a.yaml:1: in a line", "4 a.yaml: in a file",
              "4 anywhere"});
}
