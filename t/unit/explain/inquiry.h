// A configuration, prepared as far as questions need it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "conf/address.h"
#include "conf/load.h"
#include "worker/explain/explain.h"

namespace explain_test {

struct House {
  explicit House(const std::string& yaml) {
    conf::Diagnostics diagnostics;
    std::optional<conf::Config> read = conf::load_text("test.yaml", yaml, diagnostics);
    INFO(diagnostics.text());
    REQUIRE(read);
    config = std::move(*read);
    for (const conf::Listener& listener : config.listeners) {
      worker::route::ListenerHeritage one;
      one.name = conf::host_port(listener.address, listener.port);
      one.service_allowed.resize(listener.services.size());
      one.service_clients.resize(listener.services.size());
      one.client_field = {.kind = worker::http::ClientField::Kind::x_forwarded_for};
      listeners.push_back(std::move(one));
    }
  }

  worker::explain::Explanation ask(const std::string& url,
                                   const std::vector<std::string>& fields = {},
                                   const std::string& method = "GET") const {
    return worker::explain::explain(config, listeners,
                                    {.method = method, .url = url, .fields = fields});
  }

  conf::Config config;
  std::vector<worker::route::ListenerHeritage> listeners;
};

}  // namespace explain_test
