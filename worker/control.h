// The bytes that the master and a worker exchange on their control socket.
//
// The socket is one end of a stream pair, made by the master before the fork. Every message is one
// byte, and several may arrive in one read. Neither side ever blocks: the sender drops a byte that
// finds no room, because a peer that reads nothing is about to end anyway. Only a worker that
// cannot send Report::ready ends at once, with status 1.
//
// End of file in the worker means that the master is gone; the worker then ends as after
// Order::quit. End of file in the master means that the worker is about to end; wait(2) says how.
#pragma once

namespace worker {

// What the master says.
enum class Order : char {
  go = 'G',     // start to accept clients; sent once all workers of the generation are ready
  drain = 'D',  // accept no more: another generation serves now; idle clients get a few seconds
  quit = 'Q',   // accept no more: the program ends; idle clients are closed at once
};

// What a worker says. The master ignores any other byte.
enum class Report : char {
  ready = 'R',              // the start is complete; sent once, before the worker reads an order
  stopped_accepting = 'N',  // no client comes to this worker any more; sent once, after an order
};

// The order of the worker that reads `byte`: an unknown byte means quit, so that a worker never
// stays behind because it does not understand its master.
constexpr Order to_order(char byte) {
  if (byte == static_cast<char>(Order::go)) return Order::go;
  if (byte == static_cast<char>(Order::drain)) return Order::drain;
  return Order::quit;
}

}  // namespace worker
