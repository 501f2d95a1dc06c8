// Long work in steps, so that its caller can do other things in between.
//
// A function that returns Steps is a coroutine. It starts at the first call of next() and pauses at
// each `co_yield Step{}`. Its reference parameters must outlive it. An exception in it leaves
// next(). A caller that drops the object gives the work up: the coroutine's variables are
// destroyed.
#pragma once

#include <coroutine>
#include <utility>

namespace worker::tls {

struct Step {};

class Steps {
 public:
  struct promise_type {
    Steps get_return_object() { return Steps(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Step) noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() { throw; }
  };

  Steps(Steps&& other) noexcept : work_(std::exchange(other.work_, nullptr)) {}
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  ~Steps() {
    if (work_) work_.destroy();
  }

  // Does the next step. False when the work is done; then further calls have no effect.
  bool next() {
    if (!work_.done()) work_.resume();
    return !work_.done();
  }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Steps(Handle work) : work_(work) {}

  Handle work_;
};

}  // namespace worker::tls
