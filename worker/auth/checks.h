// The passwords that this worker's requests wait for: asks the helper, one question at a time.
//
//   ask() ──right a short time ago──► known
//     │ ──too many wrong ones of the client──► slowed
//     │ ──too many wait──► full
//     └──► waits ──the helper's turn──► asked ──answer──► on_checked()
//                                         └── 10 s ──► on_checked(unavailable)
//
// Fair over clients: a client that has no wrong password to answer for goes before those that have
// one, and clients of a kind take turns. So a flood of wrong passwords delays another client by the
// check that is under way.
// Requests with the same credentials share one question. A client's attempt is taken when its
// question goes to the helper and given back unless the password is wrong (shm/attempts.h).
//
// Owns the questions, and wipes them. Never blocks. A helper that starts again is asked again.
#pragma once

#include <cstdint>
#include <list>
#include <string_view>
#include <vector>

#include "shm/attempts.h"
#include "shm/remembered.h"
#include "worker/auth/heritage.h"
#include "worker/auth/wire.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/route/keyed_hash.h"

namespace worker::auth {

inline constexpr std::uint64_t kCheckMs = 10'000;  // that a request waits for its answer
inline constexpr std::size_t kMostChecks = 128;    // that wait in a worker
inline constexpr std::size_t kMostOfClient = 16;   // of these, of one client

enum class Verdict : std::uint8_t {
  match,
  mismatch,
  slowed,       // the client has tried too many wrong passwords
  unavailable,  // the helper does not answer
};

class WaiterUser {
 public:
  virtual void on_checked(Verdict verdict) = 0;

 protected:
  ~WaiterUser() = default;
};

struct Check;
class Checks;

// One request that waits. Owned by it; leaves by itself.
class Waiter {
 public:
  explicit Waiter(WaiterUser& user);
  ~Waiter() { leave(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool is_waiting() const { return check_ != nullptr; }
  void leave();

 private:
  friend class Checks;
  void on_deadline();

  WaiterUser& user_;
  Checks* checks_ = nullptr;
  Check* check_ = nullptr;
  net::Deadline deadline_;
};

class Checks {
 public:
  struct Memory {
    const shm::AuthMemory& auth;
    shm::Attempts& attempts;
  };
  // `heritage` and `memory` outlive it.
  Checks(net::EventLoop& loop, net::DeadlineLists& deadlines, const Heritage& heritage,
         Memory memory, const route::HashSecret& secret);
  ~Checks();
  Checks(const Checks&) = delete;
  Checks& operator=(const Checks&) = delete;

  // Watches the channel. False when the loop cannot. Without files of users there is none.
  bool start();

  enum class Entry : std::uint8_t { known, waits, slowed, full };
  struct Attempt {
    std::uint32_t file;  // the index of the file of users
    std::string_view user;
    std::string_view password;
    std::string_view client_ip;
  };
  // With `waits`, on_checked() follows, never from within this call.
  Entry ask(Waiter& waiter, const Attempt& attempt);
  // In how many seconds the client may try again, at least 1.
  std::uint64_t retry_after_s(std::string_view client_ip) const;

 private:
  friend class Waiter;
  using List = std::list<Check>;

  void leave(Waiter& waiter);
  void join(Waiter& waiter, Check& check);
  bool make_room();
  Entry add(Waiter& waiter, const Attempt& attempt, const shm::SessionKey& key);
  void pump();
  bool send(Check& check);
  List::iterator next();
  void settle(List::iterator check, Verdict verdict);
  void deliver();
  void on_answers();
  void take(const Answer& answer);

  net::EventLoop& loop_;
  net::DeadlineList& patience_;
  const Heritage& heritage_;
  Memory memory_;
  route::HashSecret secret_;
  net::FdEvent event_;
  net::Timer later_;  // runs while there are settled checks to deliver
  List waiting_;
  List asked_;               // the helper has it; at most one
  List settled_;             // not delivered yet
  bool is_greeted_ = false;  // by a helper
  std::uint64_t next_id_;
  std::uint64_t round_ = 0;  // of the question that was asked last
};

}  // namespace worker::auth
