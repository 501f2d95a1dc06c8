// See service_switch.h.
#include "master/control/service_switch.h"

#include <cstdint>

#include "master/clock.h"
#include "master/control/reply.h"

namespace master::control {

std::string switch_service(const worker::Heritage& heritage, const NamedService& which,
                           shm::AdminState wanted, uid_t uid, shm::Segment& segment,
                           LogQueue& log_queue) {
  const worker::route::ListenerHeritage& listener = heritage.listeners[which.listener];
  const std::string title = "service " + worker::route::service_name(listener.name, which.service);
  if (wanted == shm::AdminState::drained) {
    throw Refused(title + " cannot be drained, only disabled and enabled");
  }
  const std::uint32_t row = listener.service_rows[which.service];
  shm::AdminStates& admin = segment.services().admin();
  const shm::AdminState before = admin.state(row);
  const bool is_new = admin.set(row, wanted, uid, now_ms());
  const std::string state(to_text(wanted));
  if (is_new) {
    log_queue.log(worker::log::Severity::notice, title + " is " + state + " by uid " +
                                                     std::to_string(uid) + "; it was " +
                                                     std::string(to_text(before)));
  }
  return title + (is_new ? " is " : " was already ") + state +
         (wanted == shm::AdminState::disabled ? "; all its requests get 503\n" : "\n");
}

}  // namespace master::control
