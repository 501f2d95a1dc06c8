// The seam between client protocols and transactions.
//
//   client protocol ── Exchange ──► Transaction ── UpstreamUser ──► backend connection
//
// An Exchange is one request of a client and the way its response goes back. A client protocol
// implements it; a Transaction uses it. It carries meaning, never framing: chunks, keep-alive and
// lingering are the business of HTTP/1; frames and windows are that of HTTP/2.
//
// Order of calls: accept(); read_body() until body_is_whole(); send_interim() any number of times;
// then one of send_head() with send_body() until the last part, send_answer(), or become_tunnel();
// at last end(). A request that is refused as a whole skips accept(). No call throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "worker/backend/pinned.h"
#include "worker/http/answer.h"
#include "worker/http/framing.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/sanitizer.h"

struct ssl_st;  // OpenSSL's SSL

namespace worker::route {
struct Listener;
}

namespace worker::transaction {

// What a client protocol knows of a request.
struct RequestStart {
  route::Listener& listener;
  std::string_view peer_ip;       // numeric, without port; outlives the exchange
  const ssl_st* tls;              // of the client's connection; null for plain HTTP
  const http::RequestHead& head;  // outlives the call of start()
  bool peer_is_trusted = false;   // a proxy of TrustedProxies, whose fields name the client
  std::uint16_t peer_port = 0;    // 0: unknown
};

// A part of the request's body as it comes from the client, without framing.
struct BodyPart {
  enum class Status : std::uint8_t {
    data,         // `data`, possibly no byte
    nothing_now,  // on_client_readable() will tell
    end,          // of a tunnel: the client sends no more
    gone,         // the client left before the end of the body
    refused,      // the body breaks a rule, which `refusal` and `excerpt` name
  };
  Status status = Status::nothing_now;
  std::string_view data;  // valid until the next call
  http::Refusal refusal;
  std::string_view excerpt;
};

// A part of the response's body as it goes to the client, without framing.
struct BodyData {
  std::string_view data;
  bool is_last = false;
  std::string_view trailer = {};  // of the last part: "Name: value\r\n" lines
};

// What a final response begins with. The exchange adds the fields that the client's connection
// calls for, such as the listener's Strict-Transport-Security.
struct ResponseStart {
  const http::ResponseHead& head;  // of the backend
  const http::Framing& body;       // as the backend frames it: whether its length is known
  std::string_view added;          // ready "Name: value\r\n" lines
};

class Exchange {
 public:
  enum class End : std::uint8_t {
    whole,      // all of the response was sent
    truncated,  // the response ended too early, and the client must be able to tell
    refused,    // the request was refused: nothing behind it can be trusted to be a request
    cut_off,    // the client gets no more, and must not take what it has for whole
  };

  // --- the request
  // The request was judged. A chunked body of more than `most_body` bytes is to be refused. Returns
  // what came of the body together with the head.
  virtual BodyPart accept(const http::RequestFacts& facts, std::uint64_t most_body) = 0;
  // The next part, read into `buffer` where that is needed; at most `size` bytes.
  virtual BodyPart read_body(char* buffer, std::size_t size) = 0;
  virtual bool body_is_whole() const = 0;
  virtual std::string_view body_trailer() const = 0;  // once it is whole
  // There may be more to read, in the next turn of the loop: on_client_readable().
  virtual void read_later() = 0;

  // --- the response
  virtual void send_interim(const http::ResponseHead& head) = 0;
  virtual void send_head(const ResponseStart& start, const BodyData& first) = 0;
  virtual void send_body(const BodyData& part) = 0;
  // A whole response of our own; returns how many bytes of its page the client gets. `refused`:
  // end(End::refused) will follow.
  virtual std::size_t send_answer(const http::Answer& answer, bool refused) = 0;
  // The backend has switched protocols: `first` and all that follows are bytes, both ways.
  virtual void become_tunnel(const http::ResponseHead& head, std::string_view first) = 0;
  // The backend's side of a tunnel has ended, and all its bytes were taken.
  virtual void end_tunnel_output() = 0;

  // --- how the client takes it
  // Bytes wait for room; on_client_writable() tells when there are none any more. Whatever is sent
  // meanwhile waits behind them.
  virtual bool is_blocked() const { return held() != 0; }
  virtual std::size_t held() const = 0;  // how many bytes wait
  // Bytes that the client has not acknowledged yet, of those that were sent.
  virtual std::size_t unsent() const = 0;
  // Bytes that the client has taken of other responses while this one waited for its turn.
  virtual std::uint64_t yielded() const { return 0; }
  // How many bytes to read next from the backend: few while the client is slow.
  virtual std::size_t read_size() const = 0;
  virtual bool has_failed() const = 0;  // a write has failed
  virtual bool is_gone() const = 0;     // the client has reset the connection; looks at the socket
  virtual bool has_ended() const = 0;   // the client sends no more, and has perhaps left
  // A long silence may follow: the system is to notice a peer that vanished without a word.
  virtual void expect_silence() = 0;

  // --- the client's connection
  // The backend connection that belongs to it alone; null when there is none. The user takes it for
  // a request and puts it here again. It ends with the client's connection.
  virtual std::unique_ptr<backend::PinnedUpstream>& pinned() = 0;

  // The last call. The exchange, with the transaction, may be used again for another request.
  virtual void end(End how) = 0;

 protected:
  ~Exchange() = default;
};

// The other half: what an Exchange tells its user.
class ExchangeUser {
 public:
  virtual void on_client_readable() = 0;  // bytes came, or the end, or a reset
  virtual void on_client_writable() = 0;  // is_blocked() has become false, or a write failed

 protected:
  ~ExchangeUser() = default;
};

}  // namespace worker::transaction
