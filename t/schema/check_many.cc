// Loads many configurations and says of each what is wrong, for a test that compares the loader
// with the JSON Schema: a start of pound for each would take minutes.
//
// Standard input: for each text its size in bytes in decimal digits, a line feed, and the text.
// Standard output: for each text a line with the messages of its errors, with tabs between them;
// the line is empty when the loader accepts the text. There are no files, and the only variable is
// SET.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "conf/load.h"

namespace {

class Surroundings : public conf::Surroundings {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    if (name == "SET") return "1";
    return std::nullopt;
  }
};

std::string errors(const std::string& text) {
  conf::Diagnostics diagnostics;
  conf::load_text("t", text, diagnostics, Surroundings());
  std::string out;
  for (const conf::Diagnostic& one : diagnostics.all()) {
    if (one.severity == conf::Severity::error) out += (out.empty() ? "" : "\t") + one.message;
  }
  return out;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::size_t size = 0;
  while (std::cin >> size) {
    std::cin.get();
    std::string text(size, '\0');
    if (!std::cin.read(text.data(), static_cast<std::streamsize>(size))) {
      std::fputs("check_many: a text ends too early\n", stderr);
      return 1;
    }
    std::cout << errors(text) << '\n';
  }
}
