// See times_command.h.
#include "master/control/times_command.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "master/clock.h"
#include "shm/response_cells.h"
#include "shm/snapshot.h"
#include "shm/status_objects.h"
#include "shm/status_text.h"

namespace master::control {
namespace {

using Objects = std::vector<shm::StatusObject>;
using Kind = shm::StatusField::Kind;

// Each bucket is named by its upper bound in microseconds.
void add(Objects& objects, std::string of, std::string name, const shm::ResponseSums& responses) {
  const auto& counts = responses.by_time;
  if (std::all_of(counts.begin(), counts.end(), [](std::uint64_t one) { return one == 0; })) return;
  shm::StatusObject object{"times", {}};
  object.fields.push_back({"of", Kind::text, std::move(of)});
  object.fields.push_back({"name", Kind::text, std::move(name)});
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool is_bounded = i < shm::kTimeBounds.size();
    object.fields.push_back({is_bounded ? "us_" + std::to_string(shm::kTimeBounds[i]) : "us_more",
                             Kind::number, std::to_string(counts[i])});
  }
  objects.push_back(std::move(object));
}

}  // namespace

void add_times_command(Commands& commands, shm::Segment& segment, const Generations& generations) {
  commands.add({.name = "times",
                .arguments = "",
                .help = "counts of response times, of listeners and services with responses",
                .run = [&segment, &generations](const Call& call) {
                  expect_no_arguments(call);
                  shm::RowNames names;
                  for (const Generation* one : generations.all())
                    worker::add_names(names, one->heritage);
                  const shm::Snapshot snapshot = shm::take_snapshot(segment, now_ms());
                  Objects objects;
                  for (const shm::ListenerStatus& one : snapshot.listeners) {
                    add(objects, "listener", shm::name_of(names.listeners, one.row),
                        one.counters.responses);
                  }
                  for (const shm::ServiceStatus& one : snapshot.services) {
                    add(objects, "service", shm::name_of(names.services, one.row), one.responses);
                  }
                  std::string text;
                  for (const std::string& line : shm::object_lines(objects)) text += line + "\n";
                  call.reply.answer(std::move(text));
                }});
}

}  // namespace master::control
