// A client of the control socket, from its connection to its end.
//
//   reading ──a line──► waiting ──the handler answers──► answering ──all sent──► closed
//      └── half a line, too long a line, an early end: an error ──┘
//
// Owns the connection and the text of the answer. Takes one line and gives one answer, then closes.
// Every state but `waiting` has a deadline, so that a client which sends or reads nothing is
// dropped. No call blocks, and each does a bounded amount of work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "master/clock.h"
#include "master/control/commands.h"
#include "master/control/line.h"
#include "worker/net/unique_fd.h"

namespace master::control {

inline constexpr std::uint64_t kLineMs = 10'000;         // for the whole line
inline constexpr std::uint64_t kAnswerMs = 30'000;       // for the client to take the whole answer
inline constexpr std::size_t kMostPerTurn = 256 * 1024;  // bytes of an answer

// Of a connection, at the moment when it was made.
Peer peer_of(int connection);

class Client : public Recipient {
 public:
  enum class State { reading, waiting, answering, closed };

  Client(worker::net::UniqueFd connection, std::uint64_t now_ms);

  State state() const { return state_; }
  int fd() const { return connection_.get(); }
  std::uint64_t due_ms() const { return state_ == State::waiting ? kNever : deadline_ms_; }
  Peer peer() const { return peer_of(fd()); }

  // The connection is readable. Once this returns true, the line is complete and the command is to
  // be run.
  bool read();
  const std::string& line() const { return line_.line(); }
  // The connection is writable.
  void write();
  void close() { state_ = State::closed; }

  void take(std::string answer) override;

 private:
  void discard_input();

  worker::net::UniqueFd connection_;
  State state_ = State::reading;
  std::uint64_t deadline_ms_;
  LineReader line_;
  std::string answer_;
  std::size_t sent_ = 0;  // bytes of answer_
};

}  // namespace master::control
