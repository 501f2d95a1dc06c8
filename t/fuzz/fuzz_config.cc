// Fuzzes the configuration loader with arbitrary bytes.
//
// Properties: loading ends; it returns a Config exactly when it reports no error; each backend
// index in the Config is valid; the messages contain no control character except line feeds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "conf/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  conf::Diagnostics diagnostics;
  const auto config = conf::load_text(
      "fuzz", std::string_view(reinterpret_cast<const char*>(data), size), diagnostics);
  if (config.has_value() == diagnostics.has_errors()) std::abort();
  for (const char c : diagnostics.text()) {
    if ((c >= '\0' && c < ' ' && c != '\n') || c == '\x7f') std::abort();
  }
  if (!config) return 0;
  for (const conf::Listener& listener : config->listeners) {
    if (listener.address.empty() || listener.port == 0) std::abort();
    for (const conf::Service& service : listener.services) {
      for (const std::size_t index : service.backends) {
        if (index >= config->backends.size()) std::abort();
      }
      for (const conf::Condition& condition : service.conditions) {
        condition.pattern.search("/index.html");
      }
    }
  }
  return 0;
}
