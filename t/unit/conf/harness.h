// What the tests of conf/ share: a text loaded in one step, and the smallest complete text.
//
// Included by t/unit/test_conf_*.cc only. Makes values; checks nothing itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/load.h"
#include "conf/yaml_tree.h"

namespace conf_test {

struct Loaded {
  std::optional<conf::Config> config;
  std::string messages;
};

inline Loaded load(const std::string& text) {
  conf::Diagnostics diagnostics;
  Loaded loaded;
  loaded.config = conf::load_text("t", text, diagnostics);
  loaded.messages = diagnostics.text();
  return loaded;
}

inline std::shared_ptr<const conf::SourceFile> source(const std::string& text) {
  return std::make_shared<const conf::SourceFile>(conf::SourceFile{"t", text});
}

// One backend `be` and one listener with these lines as its only service.
inline std::string with_service(const std::string& service) {
  return "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
         "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Services:\n  - Backends: *be\n" +
         service;
}

// The patterns of one kind among a service's conditions.
inline std::vector<conf::Pattern> patterns(const conf::Service& service,
                                           conf::Condition::Kind kind) {
  std::vector<conf::Pattern> found;
  for (const conf::Condition& condition : service.conditions) {
    if (condition.kind == kind) found.push_back(condition.pattern);
  }
  return found;
}

}  // namespace conf_test
