// The life of a worker process: see worker.h.
#include "worker/worker.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"
#include "worker/acceptor.h"
#include "worker/client_connection.h"
#include "worker/event.h"
#include "worker/probe.h"
#include "worker/transaction.h"
#include "worker/worker_context.h"

namespace worker {

namespace {

constexpr char kReady = 'R';

// TERM ends a worker at once, but between two callbacks: every request leaves its record.
int catch_term() {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  return ::signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
}

class Worker {
 public:
  explicit Worker(const Heritage& heritage);

  int run();

 private:
  void on_control();
  void on_tick();
  void on_term();
  void on_grace_over();
  void drain();
  void report_leaks();

  const Heritage& heritage_;
  WorkerContext context_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  FdEvent control_event_;
  UniqueFd term_signal_;
  FdEvent term_event_;
  Probe probe_;
  Timer tick_;
  Timer grace_;
};

Worker::Worker(const Heritage& heritage)
    : heritage_(heritage),
      context_(heritage),
      term_signal_(catch_term()),
      probe_(context_),
      tick_(
          context_.loop, [](void* self) { static_cast<Worker*>(self)->on_tick(); }, this),
      grace_(
          context_.loop, [](void* self) { static_cast<Worker*>(self)->on_grace_over(); }, this) {
  for (const std::unique_ptr<ListenerRuntime>& listener : context_.listeners) {
    if (listener->heritage.socket < 0) continue;
    acceptors_.push_back(std::make_unique<Acceptor>(context_, *listener));
  }
}

int Worker::run() {
  for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) {
    if (!acceptor->start()) {
      context_.log.write(Severity::error, "the event loop does not take a listening socket");
      return 1;
    }
  }
  control_event_.add_level(
      context_.loop, heritage_.control, kReadable,
      [](void* self, short) { static_cast<Worker*>(self)->on_control(); }, this);
  term_event_.add_level(
      context_.loop, term_signal_.get(), kReadable,
      [](void* self, short) { static_cast<Worker*>(self)->on_term(); }, this);
  tick_.start(kSweepMs);
  on_tick();
  context_.segment.workers().set_state(heritage_.row, shm::WorkerState::ready);
  if (::send(heritage_.control, &kReady, 1, MSG_NOSIGNAL) != 1) return 1;
  context_.loop.run();
  report_leaks();
  return 0;
}

// 'D', or the end of file: the master is gone.
void Worker::on_control() {
  char byte = 0;
  const ssize_t n = ::recv(heritage_.control, &byte, 1, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  drain();
}

void Worker::on_tick() {
  const std::uint64_t now = EventLoop::now_ms();
  context_.segment.workers().beat(heritage_.row, now);
  context_.deadlines.sweep(now);
  if (!context_.draining) probe_.tick(now);
}

void Worker::drain() {
  control_event_.remove();
  if (context_.draining) return;
  context_.segment.workers().set_state(heritage_.row, shm::WorkerState::draining);
  for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) acceptor->drain();
  const auto seconds = static_cast<unsigned>(heritage_.config->global.grace.count());
  grace_.start(seconds * 1000 + 1);
  context_.drain();
}

void Worker::on_term() {
  context_.cut_off("stopped");
  context_.loop.stop();
}

void Worker::on_grace_over() {
  const std::size_t count = context_.cut_off("grace_over");
  context_.log.write(Severity::warning,
                     std::to_string(count) + " clients were cut off: Grace is over");
  context_.loop.stop();
}

// All clients are gone: no slot may be held any more.
void Worker::report_leaks() {
  for (const std::unique_ptr<BackendRuntime>& backend : context_.backends) {
    if (context_.segment.backends().gate(backend->heritage.row).in_service_of(heritage_.row) != 0) {
      context_.log.write(Severity::error, "panic: a slot of backend " + backend->config.name +
                                              " was not given back");
    }
  }
}

}  // namespace

int run(const Heritage& heritage) {
  try {
    return Worker(heritage).run();
  } catch (const std::exception& failure) {
    Log(heritage.segment->log_ring(heritage.row), heritage.doorbell, heritage.detail)
        .write(Severity::error, std::string("the worker cannot start: ") + failure.what());
    return 1;
  }
}

}  // namespace worker
