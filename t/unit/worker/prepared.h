// A configuration that is prepared as the master does it, but with numeric addresses only: a name
// does not resolve, with the error "not today".
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "worker/prepare.h"

inline std::optional<worker::Heritage> prepared(conf::Config config,
                                                conf::Diagnostics& diagnostics) {
  worker::Preparation preparation(std::make_shared<const conf::Config>(std::move(config)),
                                  diagnostics);
  while (preparation.step()) continue;
  std::vector<worker::net::Resolved> resolved;
  for (const worker::net::Name& name : preparation.names()) {
    resolved.push_back(
        worker::net::read_numeric(name).value_or(worker::net::Resolved{{}, "not today"}));
  }
  return preparation.finish(resolved);
}
