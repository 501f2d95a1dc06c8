// See status_json.h.
#include "worker/serve/status_json.h"

#include <utility>

#include "shm/status_problems.h"

namespace worker::serve {

bool StatusJson::next(std::string& part) {
  const std::size_t before = part.size();
  while (next_ < moment_.size() && part.size() - before < kPartSize) {
    const shm::StatusObject object = moment_.object(next_++);
    json_.add(part, object);
    if (auto problem = shm::problem_of(object)) problems_.push_back(std::move(*problem));
  }
  if (next_ < moment_.size()) return true;
  if (next_problem_ == 0) shm::put_errors_first(problems_);
  while (next_problem_ < problems_.size() && part.size() - before < kPartSize) {
    json_.add(part, problems_[next_problem_++]);
  }
  if (next_problem_ < problems_.size()) return true;
  json_.finish(part);
  part += '\n';
  return false;
}

std::string_view StatusJson::fields() const {
  return "Content-Type: application/json\r\n"
         "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'\r\n";
}

}  // namespace worker::serve
