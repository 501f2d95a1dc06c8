// Finds a server that serves, and keeps the connection to it.
//
//   resting ──1 s──► connecting ─► (asking a sentinel ─► connecting) ─► greeting ─► serving
//      ▲                │                │                                │           │
//      └────────────────┴── no server of the list serves ─────────────────┴───────────┘
//
// The servers are tried in the order of the configuration. A replica is passed over. With a
// sentinel, the servers are sentinels, and the one that answers names the primary. An attempt has
// kAttemptMs. Owns the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "conf/config.h"
#include "worker/net/address.h"
#include "worker/net/event.h"
#include "worker/store/connection.h"
#include "worker/store/heritage.h"

namespace worker::store {

inline constexpr std::uint64_t kAttemptMs = 2000;  // for one server
inline constexpr std::uint64_t kRestMs = 1000;     // after all have failed

// Whether an answer says that the server does not serve, or not this client, whatever the command.
bool serves_no_more(const Reply& reply);

// Why no server serves.
struct Down {
  std::string why;            // for the log
  bool has_answered = false;  // it was reached, and did not answer as a store that serves
};

class DialerUser {
 public:
  virtual void on_serving() = 0;
  // To a command of the user.
  virtual void on_reply(Reply reply) = 0;
  // No server serves. Comes once for each round of attempts; answers that were expected will not
  // come.
  virtual void on_down(const Down& down) = 0;

 protected:
  ~DialerUser() = default;
};

class Dialer final : public ConnectionUser {
 public:
  // All arguments outlive this.
  Dialer(net::EventLoop& loop, const conf::SessionStore& config, const Heritage& heritage,
         DialerUser& user);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  void start(std::uint64_t now_ms);
  bool is_serving() const { return state_ == State::serving; }
  Connection& connection() { return connection_; }  // of a server that serves
  // Gives the server up; on_down() comes from within, and the next attempt is due in kRestMs.
  void give_up(const Down& down, std::uint64_t now_ms);
  void tick(std::uint64_t now_ms);  // call it several times a second
  // The server that is or was tried last, for the log: "192.0.2.9:6379".
  const std::string& title() const { return title_; }

  void on_connected() override;
  void on_reply(Reply reply) override;
  void on_failure(const std::string& why) override;

 private:
  enum class State : std::uint8_t { resting, finding, asking, connecting, greeting, serving };
  enum class Own : std::uint8_t { auth, sentinel, select, role };  // commands of this class

  bool has_sentinel() const { return !config_.sentinel.empty(); }
  void try_next(std::uint64_t now_ms);
  void open(const net::SocketAddress& address, State state, std::uint64_t now_ms);
  void send(Own what);
  void fail(const Down& down, std::uint64_t now_ms);
  void take_primary(const Reply& reply);
  void take_greeting(Own what, const Reply& reply);
  void rest(const Down& down, std::uint64_t now_ms);

  const conf::SessionStore& config_;
  const Heritage& heritage_;
  DialerUser& user_;
  Connection connection_;
  State state_ = State::resting;
  std::size_t next_ = 0;        // the server to try next, by its number
  std::uint64_t due_ms_ = 0;    // when an attempt ends, or a rest
  std::deque<Own> unanswered_;  // commands of this class
  std::string title_;
};

}  // namespace worker::store
