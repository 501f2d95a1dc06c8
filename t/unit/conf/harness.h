// Shared by the tests of conf/: loading a text in one step, and the smallest complete text.
//
// For t/unit/conf/ only. Makes values; checks nothing itself.
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

inline Loaded load(const std::string& text, const conf::Surroundings& surroundings = {}) {
  conf::Diagnostics diagnostics;
  Loaded loaded;
  loaded.config = conf::load_text("t", text, diagnostics, surroundings);
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

inline std::vector<std::string> names_of(const std::vector<conf::CipherName>& ciphers) {
  std::vector<std::string> names;
  for (const conf::CipherName& cipher : ciphers) names.push_back(cipher.name);
  return names;
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
