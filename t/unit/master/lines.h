// A log sink for tests: it appends every line to a text.
#pragma once

#include <string>
#include <string_view>

#include "master/log_sink.h"

class Lines : public master::LogSink {
 public:
  explicit Lines(std::string& text) : text_(text) {}

 protected:
  Sent send(int, pid_t, std::string_view text, std::uint64_t) override {
    text_ += std::string(text) + "\n";
    return Sent::yes;
  }

 private:
  std::string& text_;
};
