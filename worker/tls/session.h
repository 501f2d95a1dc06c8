// A server's side of TLS over one connected socket, which it borrows.
//
// Owns OpenSSL's session and the records that the socket did not take yet. Reads and writes as a
// Stream does; the handshake is made inside read(). Records are gathered in the listener's scratch
// and sent by one call, so the transport that OpenSSL sees takes everything and never asks to wait.
// All sessions of a listener share that transport: it serves the one that calls OpenSSL just now.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "worker/tls/io_result.h"

struct bio_method_st;  // OpenSSL's BIO_METHOD

namespace worker::tls {

class Context;
struct Scratch;

// OpenSSL's face of a socket, with the table of its functions.
struct SharedTransport {
  struct Delete {
    void operator()(BIO* bio) const;
    void operator()(bio_method_st* method) const;
  };
  std::unique_ptr<bio_method_st, Delete> method;
  std::unique_ptr<BIO, Delete> bio;
};

class Session {
 public:
  // Null when there is no memory for it. `context` outlives it.
  static std::unique_ptr<Session> make(Context& context, int socket);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  IoResult read(char* buffer, std::size_t size);
  // Who was told that less than all was taken must come again with the rest, as it was.
  // `is_last`: as Stream::write; the peer is also told that nothing more comes.
  IoResult write(const iovec* pieces, int count, bool is_last = false);
  // Tells the peer that nothing more comes; not after a failure or when records still wait.
  void close_notify();

  bool established() const { return established_; }
  bool heard() const { return heard_; }  // the peer has said something
  // Records wait for the socket, and no write() is going to be repeated for their sake.
  bool owes() const { return !waiting_.empty() && !promised_ && !postponed_; }
  std::size_t waiting() const { return waiting_.size(); }  // bytes of such records
  // Sends what waits. False after a failure. `is_last`: as Stream::write.
  bool flush(bool is_last = false);

  const SSL* ssl() const { return ssl_.get(); }
  // Why the handshake has failed; empty while it has not, or when the peer never said a word.
  const std::string& failure() const { return failure_; }
  // The peer's first bytes were those of a request in plain HTTP.
  bool met_plain_http() const { return plain_http_; }

  // What OpenSSL reads and writes through, for a Context to own. Throws when there is no memory.
  static SharedTransport make_transport();

 private:
  Session(Context& context, int socket) : context_(context), socket_(socket) {}

  struct Transport;
  struct Delete {
    void operator()(SSL* session) const;
  };
  class Pieces;

  SSL* enter();
  IoResult handshake();
  void forget_exchange();
  IoResult fail();
  void postpone();
  void seal_end();
  void look_at_first(std::string_view bytes);

  std::unique_ptr<SSL, Delete> ssl_;
  Context& context_;
  int socket_;
  int error_ = 0;              // errno, once failed
  std::size_t fruitless_ = 0;  // bytes received since the last ones for the application
  bool established_ = false;
  bool failed_ = false;
  bool heard_ = false;
  bool plain_http_ = false;
  bool socket_empty_ = false;  // its last read brought less than was asked for
  bool end_seen_ = false;      // it has told its end of stream
  bool promised_ = false;      // one byte in `waiting_` was not owned up to: its writer comes again
  bool postponed_ = false;     // `waiting_` are tickets that go out with the first response
  std::string waiting_;
  std::string failure_;
};

}  // namespace worker::tls
