// What is wrong, in the words of shm/status_problems.h: see views.h.
#include <string>
#include <utility>
#include <vector>

#include "master/ctl/views.h"
#include "shm/status_problems.h"

namespace master::ctl {
namespace {

shm::StatusObject status_object(const Object& object) {
  shm::StatusObject made{object.kind(), {}};
  for (const auto& [key, value] : object.fields()) {
    const bool has_value = object.has(key);
    made.fields.push_back({key,
                           has_value ? shm::StatusField::Kind::text : shm::StatusField::Kind::none,
                           has_value ? value : std::string()});
  }
  return made;
}

std::string line_of(const shm::StatusObject& problem) {
  const auto value = [&](std::string_view key) -> const std::string& {
    return shm::find_field(problem, key)->value;
  };
  std::string line = value("name").empty() ? "" : value("object") + " " + value("name") + " ";
  line += value("text");
  if (!value("since_s").empty()) line += ", for " + span_text(std::stoull(value("since_s")));
  return line;
}

}  // namespace

Problems problems_of(const Objects& objects) {
  std::vector<shm::StatusObject> made;
  made.reserve(objects.size());
  for (const Object& object : objects) made.push_back(status_object(object));
  Problems problems;
  for (const shm::StatusObject& problem : shm::problems_of(made)) {
    (shm::is_notice(problem) ? problems.notices : problems.wrong).push_back(line_of(problem));
  }
  return problems;
}

}  // namespace master::ctl
