// See load_serve.h.
#include "conf/load_serve.h"

#include "conf/exclusive.h"

namespace conf {

void load_serve(const Section& section, Service& service, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Serve");
  if (member == nullptr) return;
  refuse_beside(section, "Serve",
                {"Backends", "Emergency", "Balance", "HashKey", "Redirect", "Session", "Queue",
                 "Retry", "Rewrite", "Request"},
                diagnostics);
  service.serve = static_cast<Serve>(member->number);
  service.serve_where = member->value->where;
}

}  // namespace conf
