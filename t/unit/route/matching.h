// Services as a configuration makes them, and requests to them.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "conf/load.h"
#include "worker/route/router.h"

namespace matching {

// Each text is the keys of one service in the style of a flow mapping: "Host: a.test, Path: /x".
inline std::vector<conf::Service> services(const std::vector<std::string>& texts) {
  std::string yaml =
      "Backends:\n  - &be {Address: 127.0.0.1, Port: 1}\n"
      "HTTPListeners:\n  - Address: 127.0.0.1\n    Port: 2\n"
      "    Methods: [PURGE]\n    Services:\n";
  for (const std::string& text : texts) {
    yaml += "      - {" + text + (text.empty() ? "" : ", ") + "Backends: [*be]}\n";
  }
  conf::Diagnostics diagnostics;
  const auto config = conf::load_text("test.yaml", yaml, diagnostics);
  INFO(diagnostics.text());
  REQUIRE(config);
  return config->listeners[0].services;
}

inline std::string lines_of(const std::string& host, const std::string& more = "") {
  return (host.empty() ? "" : "Host: " + host + "\r\n") + more + "\r\n";
}

// The number of the service as text, or "none".
class Site {
 public:
  explicit Site(const std::vector<std::string>& texts)
      : services_(services(texts)), router_(services_) {}

  std::string ask(const std::string& host, const std::string& path_query,
                  const std::string& more = "", const std::string& method = "GET") {
    const auto found = router_.route(method, path_query, lines_of(host, more));
    return found ? std::to_string(*found) : "none";
  }
  const std::vector<conf::Service>& all() const { return services_; }

 private:
  std::vector<conf::Service> services_;
  worker::route::Router router_;
};

}  // namespace matching
