// What `explain` found out, as objects with named fields, and as lines for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "shm/status_objects.h"
#include "worker/explain/choice.h"
#include "worker/explain/explain.h"

namespace master::ctl {

// What the daemon has told.
struct DaemonView {
  std::string why_not;                   // it could not be asked; then the rest is empty
  std::optional<bool> disables_service;  // the one that takes the request, if the daemon knows it
  std::vector<worker::explain::BackendState> states;  // of each backend of the configuration
  std::vector<std::string> unknown;                   // backends that the daemon does not have
  std::optional<std::size_t> bound;                   // the backend of the session
  std::string session_note;                           // why there is none
};

struct Report {
  const conf::Config& config;
  const worker::explain::Question& question;
  const worker::explain::Explanation& explanation;
  const DaemonView& daemon;
};

std::vector<shm::StatusObject> objects_of(const Report& report);
// {"request":{…},"listener":{…},"services":[…],…}
std::string json_of(const std::vector<shm::StatusObject>& objects);
// One line for each object, with aligned names.
std::string text_of(const std::vector<shm::StatusObject>& objects);

}  // namespace master::ctl
