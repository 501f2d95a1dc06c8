// The life of a worker process: see worker.h.
#include "worker/worker.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "conf/address.h"
#include "shm/segment.h"
#include "worker/client/memory_return.h"
#include "worker/control.h"
#include "worker/net/event.h"
#include "worker/runtime.h"
#include "worker/sandbox/sandbox.h"
#include "worker/store/orders.h"

namespace worker {

namespace {

constexpr unsigned kSweepMs = 100;  // a deadline fires at most so much too late
constexpr unsigned kSettleMs = 2;   // between two looks at whether the session store is connected

// Makes SIGTERM an event: the worker then ends between two callbacks, and every request leaves its
// access record.
int catch_term() {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  const int fd = ::signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot make a signalfd");
  return fd;
}

class Worker {
 public:
  explicit Worker(const Heritage& heritage);

  void start();  // throws
  int run();

 private:
  void end_turn();
  void report_ready();
  void pass_store_orders();
  void on_control();
  void go();
  void on_tick();
  void on_wake();
  void help_others(std::uint64_t now_ms);
  void on_term();
  void on_grace_over();
  void drain(bool patiently);
  void report_leaks();

  const Heritage& heritage_;
  shm::WorkerTable& table_;
  Runtime runtime_;
  net::FdEvent control_event_;
  net::UniqueFd term_signal_;
  net::FdEvent term_event_;
  net::Timer tick_;
  client::MemoryReturn memory_;
  net::Timer grace_;
  net::Timer settling_;  // until the session store is connected, or has failed
  std::uint64_t settled_by_ms_ = 0;
  std::uint64_t passed_order_;  // the last one of shm::StoreOrders
  bool accepting_ = false;
  int exit_status_ = 0;
};

Worker::Worker(const Heritage& heritage)
    : heritage_(heritage),
      table_(heritage.segment->workers()),
      runtime_(heritage),
      term_signal_(catch_term()),
      tick_(
          runtime_.loop, [](void* self) { static_cast<Worker*>(self)->on_tick(); }, this),
      grace_(
          runtime_.loop, [](void* self) { static_cast<Worker*>(self)->on_grace_over(); }, this),
      settling_(
          runtime_.loop, [](void* self) { static_cast<Worker*>(self)->report_ready(); }, this),
      passed_order_(heritage.segment->store_orders().last()) {
  runtime_.queues.after_wake([](void* self) { static_cast<Worker*>(self)->on_wake(); }, this);
}

void Worker::start() {
  const bool hears_master = control_event_.add_level(
      runtime_.loop, heritage_.control, net::kReadable,
      [](void* self, short) { static_cast<Worker*>(self)->on_control(); }, this);
  const bool hears_term = term_event_.add_level(
      runtime_.loop, term_signal_.get(), net::kReadable,
      [](void* self, short) { static_cast<Worker*>(self)->on_term(); }, this);
  if (!hears_master || !hears_term || !runtime_.checks.start()) {
    throw std::system_error(errno, std::generic_category(),
                            "the event loop cannot watch a descriptor");
  }
  runtime_.loop.before_wait([](void* self) { static_cast<Worker*>(self)->end_turn(); }, this);
  tick_.start(kSweepMs);
  on_tick();
}

int Worker::run() {
  runtime_.store.start();
  settled_by_ms_ = net::EventLoop::now_ms() + runtime_.store.timeout_ms();
  settling_.start(kSettleMs);
  report_ready();
  if (exit_status_ == 0) runtime_.loop.run();
  report_leaks();
  return exit_status_;
}

// The first clients shall find the session store connected, but they do not wait for it.
void Worker::report_ready() {
  const bool is_over = net::EventLoop::now_ms() >= settled_by_ms_;
  if (!runtime_.store.is_settled() && !is_over) return;
  settling_.stop();
  const Report ready = Report::ready;
  if (::send(heritage_.control, &ready, sizeof ready, MSG_NOSIGNAL) == 1) return;
  exit_status_ = 1;
  runtime_.loop.stop();
}

void Worker::end_turn() {
  runtime_.client_context.flushes.run();
  runtime_.store.flush();
  runtime_.activity.set(shm::Activity::waiting);
}

void Worker::on_control() {
  char byte = 0;
  const ssize_t n = ::recv(heritage_.control, &byte, 1, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != 1) control_event_.remove();  // the master has ended
  const Order order = n == 1 ? to_order(byte) : Order::quit;
  if (order == Order::go) {
    go();
  } else {
    drain(order == Order::drain);
  }
}

// The master orders this when all workers of the generation are ready. If one of them cannot start,
// no client must have connected to the others.
void Worker::go() {
  for (const std::unique_ptr<client::Acceptor>& acceptor : runtime_.acceptors) {
    if (acceptor->start()) continue;
    runtime_.log.write(log::Severity::error, "the event loop cannot watch a listening socket");
    exit_status_ = 1;
    runtime_.loop.stop();
    return;
  }
  accepting_ = true;
  on_wake();
}

void Worker::on_tick() {
  const std::uint64_t now = net::EventLoop::now_ms();
  runtime_.activity.set(shm::Activity::tick);
  table_.beat(heritage_.row, now);
  table_.set_buffered(heritage_.row, runtime_.budget.used(), runtime_.budget.most());
  runtime_.deadlines.sweep(now);
  runtime_.store.tick(now);
  pass_store_orders();
  memory_.tick(runtime_.clients.size());
  if (runtime_.clients.is_draining()) return;
  runtime_.share.tick(runtime_.clients.left());
  if (accepting_) help_others(now);
  runtime_.activity.set(shm::Activity::probe);
  runtime_.probe.tick(now);
}

// Tells the session store what an operator has done to sessions. A service that has left the
// configuration, or a backend that has left its service, is passed over.
void Worker::pass_store_orders() {
  const shm::StoreOrders& orders = heritage_.segment->store_orders();
  for (; passed_order_ < orders.last(); ++passed_order_) {
    const std::optional<shm::StoreOrder> order = orders.read(passed_order_ + 1);
    if (!order || !runtime_.store.is_on()) continue;
    for (const std::unique_ptr<route::Listener>& listener : runtime_.listeners) {
      for (route::Service& service : listener->services) {
        if (service.row == order->service) store::pass_on(*order, service.affinity, runtime_.store);
      }
    }
  }
}

// A worker with more clients may have left some of them to this one.
void Worker::on_wake() {
  if (!accepting_ || runtime_.clients.is_draining()) return;
  const std::uint64_t invitations = runtime_.share.take_invitations();
  if (invitations == 0) return;
  for (const std::unique_ptr<client::Acceptor>& acceptor : runtime_.acceptors) {
    if (acceptor->is_meant(invitations)) acceptor->accept_invited();
  }
}

// Accepts the clients that no other worker accepts: those whose invited worker did not come, and
// those in the queue of a worker that hangs or has died and is not replaced yet.
void Worker::help_others(std::uint64_t now_ms) {
  const std::uint64_t orphans = runtime_.share.orphans(heritage_.workers, now_ms);
  for (const std::unique_ptr<client::Acceptor>& acceptor : runtime_.acceptors) {
    acceptor->accept_left_behind();
    if (acceptor->is_orphan(orphans)) acceptor->accept_all();
  }
}

void Worker::drain(bool patiently) {
  runtime_.activity.set(shm::Activity::drain);
  if (!runtime_.clients.is_draining()) {
    if (accepting_) {
      for (const std::unique_ptr<client::Acceptor>& acceptor : runtime_.acceptors)
        acceptor->drain();
    }
    // Fails when the master has ended or the socket is full; the master can do without the byte.
    const Report stopped = Report::stopped_accepting;
    ::send(heritage_.control, &stopped, sizeof stopped, MSG_NOSIGNAL | MSG_DONTWAIT);
    const auto seconds = static_cast<unsigned>(heritage_.config->global.grace.count());
    grace_.start(seconds * 1000 + 1);
  }
  runtime_.clients.drain(patiently ? client::ClientSet::Mode::draining_patiently
                                   : client::ClientSet::Mode::draining);
}

void Worker::on_term() {
  runtime_.clients.cut_off("stopped");
  runtime_.loop.stop();
}

void Worker::on_grace_over() {
  const std::size_t count = runtime_.clients.cut_off("grace_over");
  if (count != 0) {
    runtime_.log.write(log::Severity::warning,
                       std::to_string(count) + " clients were cut off: Grace is over");
  }
  runtime_.loop.stop();
}

// All clients have left, so a slot that is still held is a bug.
void Worker::report_leaks() {
  for (std::size_t i = 0; i < runtime_.backends.size(); ++i) {
    const backend::Backend& backend = runtime_.backends[i];
    if (heritage_.segment->backends().gate(backend.heritage.row).in_service_of(heritage_.row) !=
        0) {
      runtime_.log.write(log::Severity::error,
                         "panic: a slot of backend " + backend.config.name + " was not given back");
    }
  }
}

sandbox::Process kind_of(const Heritage& heritage) {
  const std::vector<conf::Backend>& backends = heritage.config->backends;
  const bool has_paths = std::ranges::any_of(
      backends, [](const conf::Backend& backend) { return conf::is_path(backend.address); });
  return has_paths ? sandbox::Process::worker_with_paths : sandbox::Process::worker;
}

}  // namespace

int run(const Heritage& heritage) {
  const char* what = "the worker cannot start: ";
  try {
    Worker worker(heritage);
    worker.start();
    sandbox::enter(heritage.segment->workers().refused_call(heritage.row), kind_of(heritage));
    what = "the worker cannot go on: ";
    return worker.run();
  } catch (const std::exception& failure) {
    log::Log(heritage.segment->log_ring(heritage.row), heritage.doorbell,
             heritage.segment->log_detail())
        .write(log::Severity::error, std::string(what) + failure.what());
    return 1;
  }
}

}  // namespace worker
