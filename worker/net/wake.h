// A way for one process to wake another: a pair of sockets, one to wake and one to be woken by.
//
// Many processes may hold `waker`; only the one to be woken, and the master, hold `sleeper`. These
// are datagram sockets and not an eventfd, because each call here asks not to block: O_NONBLOCK
// belongs to all that share a descriptor, and any one of them could clear it.
#pragma once

#include <optional>

#include "worker/net/unique_fd.h"

namespace worker::net {

struct WakePair {
  UniqueFd waker;
  UniqueFd sleeper;  // readable after a wake-up, until clear_wakes
};

// Nothing when the system refuses; errno has the reason.
std::optional<WakePair> make_wake_pair();

// Never blocks. False when the wake-up did not get through: the queue is full, so the sleeper is
// awake already, or the pair is broken.
bool wake(int waker);

// Takes the wake-ups that have come so far, at most kMostWakes, and returns their number.
inline constexpr int kMostWakes = 64;
int clear_wakes(int sleeper);

// Whether a wake-up gets through. Takes it, and the others.
bool works(const WakePair& pair);

}  // namespace worker::net
