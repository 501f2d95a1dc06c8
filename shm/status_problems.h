// What is wrong, found in the objects of the state: the first thing that an operator wants to read.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "shm/status_objects.h"

namespace shm {

// Null when the object has no such field.
const StatusField* find_field(const StatusObject& object, std::string_view key);

// What is wrong with one object; nothing when all is well. It has the kind "problem" and the fields
//   severity  error: requests fail or will; warning: something is lost or short; notice: it is over
//             (a crash), or the administrator wants it so (a backend that is drained or disabled)
//   object    the kind of the object
//   name      of the object; none for the only one of its kind
//   text      what is wrong, in words that do not change while it stays wrong. They follow a name:
//             "is dead: refused"; without one they are a whole sentence
//   since_s   for how long, where that is known
std::optional<StatusObject> problem_of(const StatusObject& object);

bool is_notice(const StatusObject& problem);

// Those of all objects: errors, then warnings, then notices.
std::vector<StatusObject> problems_of(const std::vector<StatusObject>& objects);
void put_errors_first(std::vector<StatusObject>& problems);

}  // namespace shm
