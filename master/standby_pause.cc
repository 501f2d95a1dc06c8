// See standby_pause.h.
#include "master/standby_pause.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>

#include "worker/net/address.h"

namespace master {
namespace {

constexpr unsigned kFlags = 13;  // where the flags are in a header of TCP
constexpr unsigned kSyn = 2;

void set_filter(const ListeningSockets& sockets, bool is_on) {
  std::array<sock_filter, 4> drop_syn{{
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, kFlags},
      {BPF_JMP | BPF_JSET | BPF_K, 0, 1, kSyn},
      {BPF_RET | BPF_K, 0, 0, 0},
      {BPF_RET | BPF_K, 0, 0, 0xffffffff},
  }};
  const sock_fprog program{drop_syn.size(), drop_syn.data()};
  const int none = 0;
  for (const auto& socket : sockets.all) {
    // Where it fails, connections are taken as ever.
    if (is_on) {
      ::setsockopt(socket->get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    } else {
      ::setsockopt(socket->get(), SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
    }
  }
}

void set_filters(const std::vector<ListeningSockets>& active, bool is_on) {
  for (const ListeningSockets& sockets : active) {
    if (!sockets.is_inherited && !worker::net::is_unix(sockets.address)) {
      set_filter(sockets, is_on);
    }
  }
}

}  // namespace

std::uint64_t StandbyPause::due_ms() const {
  const std::uint64_t since_ms = standby_.since_ms();
  if (is_on_) return since_ms == 0 ? kNow : since_ms + kPauseUntilMs;
  return since_ms == done_since_ms_ || since_ms == 0 ? kNever : since_ms + kPauseFromMs;
}

void StandbyPause::turn(std::uint64_t now_ms) {
  const std::uint64_t since_ms = standby_.since_ms();
  const bool is_over = since_ms == 0 || now_ms >= since_ms + kPauseUntilMs;
  if (is_over) {
    lift();
    done_since_ms_ = since_ms;
  } else if (!is_on_ && now_ms >= since_ms + kPauseFromMs) {
    set_filters(active_(), true);
    is_on_ = true;
  }
}

void StandbyPause::lift() {
  if (is_on_) set_filters(active_(), false);
  is_on_ = false;
}

}  // namespace master
