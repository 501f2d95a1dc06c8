// See master/standby_pause.h.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "master/standby_pause.h"
#include "shm/segment.h"
#include "worker/net/address.h"

using master::kNever;
using master::kNow;
using master::kPauseFromMs;
using master::kPauseUntilMs;
using master::ListeningSockets;

namespace {

constexpr std::uint64_t kBegin = 10'000;

struct World {
  World() {
    for (int i = 0; i < 2; ++i) {
      ListeningSockets sockets;
      sockets.address.storage.ss_family = AF_INET;
      sockets.all.push_back(std::make_shared<const worker::net::UniqueFd>(
          ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
      active.push_back(std::move(sockets));
    }
    active[1].is_inherited = true;
  }
  // Instructions of the filter of a socket.
  socklen_t filter(std::size_t which) const {
    socklen_t count = 0;
    const int fd = active[which].all.front()->get();
    REQUIRE(::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &count) == 0);
    return count;
  }

  std::vector<ListeningSockets> active;
  shm::Segment segment{1000};
  shm::Standby& standby = segment.standby();
  master::StandbyPause pause{standby, [this]() -> const auto& {return active;
}
};  // namespace
}
;

}  // namespace

TEST_CASE("standby_pause: it begins and ends at its times") {
  World in;
  CHECK(in.pause.due_ms() == kNever);
  in.standby.begin(0, kBegin);
  CHECK(in.pause.due_ms() == kBegin + kPauseFromMs);
  in.pause.turn(kBegin + kPauseFromMs - 1);
  CHECK(in.filter(0) == 0);
  in.pause.turn(kBegin + kPauseFromMs);
  CHECK(in.filter(0) == 4);
  CHECK(in.filter(1) == 0);
  CHECK(in.pause.due_ms() == kBegin + kPauseUntilMs);
  in.pause.turn(kBegin + kPauseUntilMs - 1);
  CHECK(in.filter(0) == 4);
  in.pause.turn(kBegin + kPauseUntilMs);
  CHECK(in.filter(0) == 0);
  CHECK(in.pause.due_ms() == kNever);
}

TEST_CASE("standby_pause: it ends with standby, and each standby has one") {
  World in;
  for (std::uint64_t begin = kBegin; begin < kBegin + 2; ++begin) {
    in.standby.begin(0, begin);
    in.pause.turn(begin + kPauseFromMs);
    CHECK(in.filter(0) == 4);
    in.standby.end();
    CHECK(in.pause.due_ms() == kNow);
    in.pause.turn(begin + kPauseFromMs);
    CHECK(in.filter(0) == 0);
    CHECK(in.pause.due_ms() == kNever);
  }
}

TEST_CASE("standby_pause: lifted, it comes again with the next turn") {
  World in;
  in.standby.begin(0, kBegin);
  in.pause.turn(kBegin + kPauseFromMs);
  in.pause.lift();
  CHECK(in.filter(0) == 0);
  CHECK(in.pause.due_ms() <= kBegin + kPauseFromMs);
  in.pause.turn(kBegin + kPauseFromMs);
  CHECK(in.filter(0) == 4);
}

TEST_CASE("standby_pause: a turn that comes too late does nothing") {
  World in;
  in.standby.begin(0, kBegin);
  in.pause.turn(kBegin + kPauseUntilMs);
  CHECK(in.filter(0) == 0);
  CHECK(in.pause.due_ms() == kNever);
}
