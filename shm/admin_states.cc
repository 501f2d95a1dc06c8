// See admin_states.h.
#include "shm/admin_states.h"

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

AdminState state_of_file(bool drains) { return drains ? AdminState::drained : AdminState::enabled; }

}  // namespace

std::string_view to_text(AdminState state) {
  switch (state) {
    case AdminState::enabled:
      return "enabled";
    case AdminState::drained:
      return "drained";
    case AdminState::disabled:
      return "disabled";
  }
  return "disabled";
}

Admin AdminStates::admin(std::uint32_t index) const {
  Admin admin;
  admin.state = state(index);
  admin.since_ms = master_.since_ms[index].load(kRelaxed);
  const std::uint64_t setter = master_.setter[index].load(kRelaxed);
  if (setter != 0) admin.uid = static_cast<std::uint32_t>(setter - 1);
  return admin;
}

void AdminStates::restart(std::uint32_t index) {
  master_.state[index].store(0, kRelaxed);
  master_.file_drains[index].store(0, kRelaxed);
  master_.setter[index].store(0, kRelaxed);
  master_.since_ms[index].store(0, kRelaxed);
}

bool AdminStates::set(std::uint32_t index, AdminState wanted, std::uint32_t uid,
                      std::uint64_t now_ms) {
  if (state(index) == wanted) return false;
  master_.setter[index].store(std::uint64_t{uid} + 1, kRelaxed);
  master_.since_ms[index].store(now_ms, kRelaxed);
  master_.state[index].store(static_cast<std::uint8_t>(wanted));
  return true;
}

bool AdminStates::would_change(std::uint32_t index, bool drains) const {
  const bool said = master_.file_drains[index].load(kRelaxed) != 0;
  return said != drains && state(index) != state_of_file(drains);
}

void AdminStates::follow_file(std::uint32_t index, bool drains, std::uint64_t now_ms) {
  if (would_change(index, drains)) {
    master_.setter[index].store(0, kRelaxed);
    master_.since_ms[index].store(now_ms, kRelaxed);
    master_.state[index].store(static_cast<std::uint8_t>(state_of_file(drains)));
  }
  master_.file_drains[index].store(drains ? 1 : 0, kRelaxed);
}

}  // namespace shm
