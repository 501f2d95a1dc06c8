// One side of TLS over one connected, non-blocking socket, which the session borrows: the server's
// for a client of Pound, the client's for a backend.
//
// Owns OpenSSL's session and the records that the socket has not taken yet. Reads and writes as
// net::Stream does; read() makes the handshake. OpenSSL writes its records to the group's scratch
// (session_group.h), and one call sends them: so OpenSSL never has to wait for the socket. All
// sessions of a group share one transport, which serves the session that calls OpenSSL at the
// moment. A server's OpenSSL session is made when the client's first message is whole
// (first_message.h). Failures are results; nothing but make_transport() throws.
#pragma once

#include <openssl/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shm/listener_counters.h"
#include "worker/tls/io_result.h"
#include "worker/tls/session_group.h"

namespace worker::tls {

// The error of a session with a backend whose certificate is not accepted: an errno that no socket
// gives.
inline constexpr int kUntrusted = EKEYREJECTED;

class Session {
 public:
  // `group` outlives the session.
  Session(SessionGroup& group, int socket) : group_(group), socket_(socket) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Goes on with the handshake, which read() does as well: `ok` once it is completed. For the side
  // that speaks first.
  IoResult shake_hands();
  IoResult read(char* buffer, std::size_t size);
  // If less than all was taken, the caller must call again with the rest, its bytes unchanged.
  // `is_last`: as for Stream::write; the peer is also told that nothing more comes.
  IoResult write(const iovec* pieces, int count, bool is_last = false);
  // Tells the peer that nothing more comes, unless the session has failed or records still wait.
  void close_notify();

  // Whether the handshake was completed. Stays true when the session breaks later.
  bool established() const { return state_ == State::established || state_ == State::broken; }
  // Whether the peer has begun a handshake that is neither completed nor failed.
  bool handshaking() const { return state_ == State::handshaking || state_ == State::letters; }
  // Of an established session: what the handshake has chosen, and whether it went on with an
  // earlier session.
  shm::TlsVersion version() const;
  bool is_resumed() const;
  // Whether the handshake has chosen HTTP/2 (ALPN).
  bool speaks_http2() const;
  // Why the handshake failed; empty if it did not, or if the peer never sent a byte.
  const std::string& failure() const { return failure_; }
  // Whether the handshake failed because the peer's first bytes were those of a plain HTTP request.
  bool met_plain_http() const { return state_ == State::plain_http; }

  // Whether the caller has to call flush() once the socket is writable.
  bool must_flush() const { return output_ == Output::owed; }
  // Bytes of records that wait for the socket.
  std::size_t waiting() const { return waiting_.size(); }
  // Sends what waits. False after a failure. `is_last`: as for Stream::write.
  bool flush(bool is_last = false);

  // Of a server null until the peer's first message is whole.
  const SSL* ssl() const { return ssl_.get(); }

  // Made once for each group, which owns it. Throws when memory is short.
  static SharedTransport make_transport();

 private:
  //  silent ──► handshaking ──► established ──► broken
  //    │ │           │
  //    │ └───────────┴────────► handshake_failed
  //    └──────► letters ──────► plain_http
  enum class State : std::uint8_t {
    silent,       // the peer has sent nothing
    handshaking,  // the peer's first bytes may be TLS
    letters,      // its first bytes are letters, as in HTTP: the handshake cannot succeed
    established,
    handshake_failed,
    plain_http,  // the handshake failed after letters
    broken,      // a failure after the handshake
  };
  // The records that wait for the socket, and the call that sends them.
  //
  //   clear ◄──► owed            the socket is full; flush() makes room
  //     │ ▲
  //     │ └────► unacknowledged  write() met a full socket; the next write() goes on
  //     └──────► withheld ──► clear or owed, by write() or flush()
  enum class Output : std::uint8_t {
    clear,           // nothing waits
    owed,            // records wait, and no write() is going to be repeated: the owner must flush()
    unacknowledged,  // the last byte of a write() is sealed, but was reported as not taken, so that
                     // its caller comes again; its records wait, or flush() has sent them
    withheld,        // tickets wait for the first response, to share its packet
  };
  // The socket, as the last call to recv() found it.
  enum class Input : std::uint8_t {
    open,   // there may be more to read
    empty,  // recv() returned less than it was asked for; read() asks again at its next call
    ended,  // the peer's end of stream was read
  };

  struct Transport;
  struct Delete {
    void operator()(SSL* session) const;
  };

  SSL* enter();
  IoResult handshake();
  IoStatus await_first_message();
  IoStatus receive(char* data, std::size_t size, std::size_t& moved);
  bool make_ssl();
  IoResult handshake_failed();
  void note_failure();
  void forget_exchange();
  bool take_received(std::string_view bytes, std::size_t wanted);
  void judge_first_bytes(std::string_view bytes);
  IoResult read_records(char* buffer, std::size_t size);
  void withhold_tickets();
  void release_tickets();
  void seal_end();
  bool send_waiting(bool is_last);
  IoResult fail();
  void enter_failed_state();
  bool is_client() const { return group_.side() == SessionGroup::Side::client; }
  bool has_failed() const { return state_ >= State::handshake_failed; }

  std::unique_ptr<SSL, Delete> ssl_;
  SessionGroup& group_;
  int socket_;
  int error_ = 0;                       // errno of the failure
  std::size_t bytes_without_data_ = 0;  // received since the last byte for the application
  State state_ = State::silent;
  Output output_ = Output::clear;
  Input input_ = Input::open;
  std::string waiting_;  // sealed records that the socket has not taken
  std::string failure_;
  std::string received_;  // bytes of the first message that OpenSSL has not read yet
};

}  // namespace worker::tls
