// Accepts the clients of one listener, a bounded number in a turn.
//
// Owns the registration of this slot's listening socket, not the socket's place in the kernel: the
// master has it too, so what waits in its queue outlives this worker.
#pragma once

#include "worker/event.h"
#include "worker/worker_context.h"

namespace worker {

class Acceptor {
 public:
  Acceptor(WorkerContext& worker, ListenerRuntime& listener);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  bool start();
  // Takes whom the kernel has already let in, then no more.
  void drain();

 private:
  void accept_some(int most);
  // Without descriptors or memory accepting would fail in a busy loop: it rests for a while.
  void pause(int error);

  WorkerContext& worker_;
  ListenerRuntime& listener_;
  FdEvent event_;
  Timer rest_;
  bool is_short_ = false;  // resources have run out; logged once until they are back
};

}  // namespace worker
