// See admin_states.h.
#include "shm/admin_states.h"

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

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
  admin.since_ms = since_ms_[index].load(kRelaxed);
  const std::uint64_t setter = setter_[index].load(kRelaxed);
  if (setter != 0) admin.uid = static_cast<std::uint32_t>(setter - 1);
  return admin;
}

void AdminStates::restart(std::uint32_t index) {
  state_[index].store(0, kRelaxed);
  file_disables_[index].store(0, kRelaxed);
  setter_[index].store(0, kRelaxed);
  since_ms_[index].store(0, kRelaxed);
}

bool AdminStates::set(std::uint32_t index, AdminState wanted, std::uint32_t uid,
                      std::uint64_t now_ms) {
  if (state(index) == wanted) return false;
  setter_[index].store(std::uint64_t{uid} + 1, kRelaxed);
  since_ms_[index].store(now_ms, kRelaxed);
  state_[index].store(static_cast<std::uint8_t>(wanted));
  return true;
}

bool AdminStates::would_change(std::uint32_t index, bool disables) const {
  const bool said = file_disables_[index].load(kRelaxed) != 0;
  return said != disables && state(index) != wanted_by_file(disables);
}

void AdminStates::follow_file(std::uint32_t index, bool disables, std::uint64_t now_ms) {
  if (would_change(index, disables)) {
    setter_[index].store(0, kRelaxed);
    since_ms_[index].store(now_ms, kRelaxed);
    state_[index].store(static_cast<std::uint8_t>(wanted_by_file(disables)));
  }
  file_disables_[index].store(disables ? 1 : 0, kRelaxed);
}

}  // namespace shm
