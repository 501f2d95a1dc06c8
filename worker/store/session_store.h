// The session store, as one worker uses it: requests wait for look-ups and claims, and no request
// waits for other writes. All commands share one pipelined connection.
//
//   ask()    GET key, or MGET with two Secrets; a session that is found gets its whole ttl again
//   claim()  SET key value PX ttl NX; if another machine was faster, GET key
//   write()  SET key value PX ttl, under all keys
//   refresh()  GET key, PEXPIRE key ttl; SET … NX if it is gone
//
// A request waits for TimeOut at most, for its look-up and its claim together. When an answer comes
// later, the store counts as late: no request waits for it until it answers a PING in time again,
// twice. When it is down, nothing is sent. Each such change is one log line of the machine, and
// what was not asked or written is counted (shm/store_state.h). At most kMostUnanswered commands
// are under way. Never blocks; owns the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/store_state.h"
#include "worker/log/log.h"
#include "worker/net/event.h"
#include "worker/route/shared_keys.h"
#include "worker/store/dialer.h"
#include "worker/store/link_report.h"
#include "worker/store/value.h"

namespace worker::store {

inline constexpr std::size_t kMostUnanswered = 4096;  // commands
inline constexpr std::uint64_t kSilenceMs = 2000;     // then the connection is given up
inline constexpr std::uint64_t kPingMs = 500;         // between two PINGs while it is late

class QuestionUser {
 public:
  virtual void on_found(const Found& found) = 0;

 protected:
  ~QuestionUser() = default;
};

class SessionStore;
struct Command;

// One request that may wait. Owned by it; leaves by itself.
class Question {
 public:
  explicit Question(QuestionUser& user) : user_(user) {}
  ~Question() { leave(); }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  // Another request begins: it has all of TimeOut.
  void begin() { waited_us_ = 0; }
  bool is_waiting() const { return store_ != nullptr; }
  void leave();

 private:
  friend class SessionStore;

  QuestionUser& user_;
  SessionStore* store_ = nullptr;  // that is asked
  Command* command_ = nullptr;     // under way; null: its answer is to be delivered
  std::uint64_t asked_us_ = 0;
  std::uint64_t waited_us_ = 0;  // by this request so far
};

// One session to be written.
struct Binding {
  const route::SharedKeys& keys;
  std::string_view value;
  std::uint32_t ttl_s;
};

class SessionStore final : private DialerUser {
 public:
  // `config`: null if there is no store; then nothing may be called but is_on(), tick() and
  // flush(). All arguments outlive this.
  SessionStore(net::EventLoop& loop, const conf::SessionStore* config, const Heritage& heritage,
               shm::StoreState& state, shm::Row row, log::Log& log);
  ~SessionStore();
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;

  bool is_on() const { return config_ != nullptr; }
  void start();  // begins to connect
  // Whether the first attempt to connect has an end. Without a store it has.
  bool is_settled() const { return link() != shm::StoreLink::connecting; }
  std::uint64_t timeout_ms() const { return timeout_us_ / 1000; }

  // The two that follow return whether on_found() comes, never from within the call. If it does
  // not, the request goes on without the store. on_found() of claim() has what the store has now,
  // which is `binding.value` if nobody was faster.
  bool ask(Question& question, const route::SharedKeys& keys, std::uint32_t ttl_s);
  bool claim(Question& question, const Binding& binding);
  void write(const Binding& binding);
  // `then` gets another value than that of the binding, if the store has one.
  void refresh(const Binding& binding, std::function<void(const Found&)> then);

  void tick(std::uint64_t now_ms);  // call it several times a second
  void flush();                     // call it at the end of each turn of the loop

 private:
  friend class Question;

  shm::StoreLink link() const { return report_.link(); }
  bool may_send(std::size_t commands = 1);
  bool may_wait(const Question& question);
  Command& send(std::initializer_list<std::string_view> words);
  void wait(Question& question, Command& command);
  void count(shm::StoreCount what) { state_.count(row_, what); }
  std::string key_text(const shm::SessionKey& key) const;
  Command& set_if_absent(const route::SharedKeys& keys, std::string_view value,
                         std::string_view ttl_ms);
  void write_again(const Command& command);
  void send_look_up(Question& question, const route::SharedKeys& keys, std::uint32_t ttl_s);

  void on_serving() override;
  void on_reply(Reply reply) override;
  void note_stored();
  void on_down(const Down& down) override;
  void take_error(Command& command, const Reply& reply);
  void take_look_up(Command& command, const Reply& reply);
  void take_claim(Command& command, const Reply& reply);
  void take_refresh(Command& command, const Reply& reply);
  void take_pong(const Command& command);
  void answer(Command& command, const Found& found);

  void check_patience();
  void become_late();
  void deliver();
  void leave(Question& question);

  net::EventLoop& loop_;
  const conf::SessionStore* config_;
  shm::StoreState& state_;
  shm::Row row_;
  LinkReport report_;
  Dialer dialer_;
  std::uint64_t timeout_us_;
  unsigned patience_ms_;  // between two looks at the requests that wait
  std::deque<Command> unanswered_;
  std::size_t waiting_ = 0;          // questions that have a command
  std::vector<Question*> given_up_;  // to be told that nothing is known
  unsigned pongs_ = 0;               // in time, while it is late
  std::uint64_t pinged_ms_ = 0;
  net::Timer patience_;
};

}  // namespace worker::store
