// The state of one stream of an HTTP/2 connection (RFC 9113 section 5.1).
//
// Plain data, which Session alone changes. It belongs to the exchange of a request, and is
// registered with a session from Session::open() to Session::close().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "worker/http2/window.h"

namespace worker::http2 {

struct Stream {
  enum class State : std::uint8_t {
    closed,       // not registered with a session
    open,         // both sides may send
    client_done,  // the client has sent END_STREAM
    server_done,  // END_STREAM is on its way to the client, which may still send
    done,         // both
  };

  std::uint32_t id = 0;
  State state = State::closed;
  int urgency = 3;              // 0 is served first, 7 last (RFC 9218)
  bool is_incremental = false;  // shares the connection with others of its urgency
  bool is_waiting = false;      // for a window or for the socket
  bool is_tunnel = false;       // its messages may be as short as its ends like
  bool ends_body = false;       // `body` is followed by the trailer or by END_STREAM
  SendWindow send_window;
  ReceiveWindow receive_window;

  std::string received;      // parts of the request's body that were not taken yet …
  std::size_t taken = 0;     // … but for so many bytes at its beginning
  std::size_t reserved = 0;  // memory of the worker's for the growth of receive_window
  std::size_t granted = 0;   // how many of the unread bytes have memory of the worker's
  std::string body;          // of the response: what waits …
  std::size_t sent = 0;      // … but for so many bytes at its beginning
  // What others sent while this one could have, and waited for its turn.
  std::uint64_t yielded = 0;
  std::string trailer;  // its header block

  bool client_has_ended() const { return state == State::client_done || state == State::done; }
  bool server_has_ended() const { return state == State::server_done || state == State::done; }
  std::size_t unread() const { return received.size() - taken; }
  std::size_t held() const { return body.size() - sent; }
};

}  // namespace worker::http2
