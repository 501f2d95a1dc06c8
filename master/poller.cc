// See poller.h.
#include "master/poller.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace master {

Poller::Source Poller::watch(Fd fd, short events, Callback on_event) {
  auto made = std::make_shared<const Watch>(Watch{std::move(fd), events, std::move(on_event)});
  watches_.push_back(made);
  return made;
}

Poller::Source Poller::add_task(DueTime due_ms, Callback run) {
  auto made = std::make_shared<const Task>(Task{std::move(due_ms), std::move(run)});
  tasks_.push_back(made);
  return made;
}

void Poller::run_once() {
  forget_dropped();
  dispatch_events();
  run_due_tasks();
}

void Poller::forget_dropped() {
  std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
  std::erase_if(tasks_, [](const auto& task) { return task.expired(); });
}

std::uint64_t Poller::sleep_ms() const {
  std::uint64_t due_ms = kNever;
  for (const auto& weak : tasks_) {
    if (const auto task = weak.lock()) due_ms = std::min(due_ms, task->due_ms());
  }
  if (due_ms == kNever) return kNever;
  const std::uint64_t now = clock_();
  return due_ms > now ? due_ms - now : 0;
}

void Poller::dispatch_events() {
  std::vector<pollfd> polled;
  for (const auto& weak : watches_) {
    const auto watch = weak.lock();
    polled.push_back({watch ? watch->fd() : -1, watch ? watch->events : short{0}, 0});
  }
  const std::uint64_t sleep = sleep_ms();
  const timespec limit{static_cast<time_t>(sleep / 1000),
                       static_cast<long>(sleep % 1000) * 1'000'000L};
  if (::ppoll(polled.data(), polled.size(), sleep == kNever ? nullptr : &limit, nullptr) <= 0) {
    return;
  }
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    // Holding the watch keeps its callback alive even if the callback itself drops the source.
    if (const auto watch = watches_[i].lock()) watch->on_event(clock_());
  }
}

void Poller::run_due_tasks() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto task = tasks_[i].lock();
    if (!task) continue;
    const std::uint64_t now = clock_();
    if (task->due_ms() <= now) task->run(now);
  }
}

}  // namespace master
