// The key Queue of a service: see load_queue.h.
#include "conf/load_queue.h"

namespace conf {

QueueOrder load_queue(const Section& service, const SessionPolicy* session,
                      Diagnostics& diagnostics) {
  const Section::Member* const queue = service.find("Queue");
  if (queue == nullptr) return QueueOrder::equal;
  const Section section(queue_schema(), *queue->value, diagnostics);
  const QueueOrder order = section.choice("Known", QueueOrder::equal);
  if (order == QueueOrder::equal || session == nullptr) return order;
  if (session->type != SessionPolicy::Type::none) return order;
  diagnostics.error(section.find("Known")->value->where,
                    "`Known` is first, but the service has no sessions; expected equal, or a "
                    "`Session` beside it");
  return order;
}

}  // namespace conf
