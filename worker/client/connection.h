// The keep-alive loop of one client: idle → transaction → idle.
//
// Owns the socket and, while there is one, the transaction. An idle client owns no buffer. Reads
// and parses request heads; everything behind a head is the transaction's business. Ended only
// through EventLoop::dispose.
//
//   idle ──bytes──► head ──complete──► transaction ──kept──► idle
//    │                │ deadline: 408        │
//    └─► closed ◄─────┴──────────────────────┴──► lingering ─► closed
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/stream.h"
#include "worker/worker_context.h"

namespace worker::transaction {
class Transaction;
}

namespace worker::client {

class ClientConnection final : public net::Disposable {
 public:
  // Takes over a connected, non-blocking socket. `ip` is the peer's address without port.
  ClientConnection(WorkerContext& worker, ListenerRuntime& listener, net::UniqueFd socket,
                   std::string ip);
  ~ClientConnection() override;

  void start();
  // Closes soon when no request is in sight; else after the response, which says so.
  void drain();
  bool is_idle() const;  // nothing of a request is here
  // Ends it now, with its transaction.
  void cut_off(std::string_view reason);

  // --- for the transaction
  net::Stream& stream() { return stream_; }
  ListenerRuntime& listener() { return listener_; }
  const std::string& ip() const { return ip_; }
  net::Deadline& deadline() { return deadline_; }
  tls::IoResult read(char* buffer, std::size_t size);
  bool readable() const { return readable_; }
  // A read that did not fill its buffer has emptied the socket; what comes next is an event.
  void settle() { readable_ = peer_closed_; }
  void raise_again() { event_.raise_again(); }
  // Keeps bytes that were read but belong to a later request.
  void keep(std::string_view bytes);
  // Bytes for a tunnel that were kept so far.
  std::string take_kept();

  // `linger`: the client may still be sending; what it sends is read and dropped for a while, so
  // that our response is not lost to a reset. `abort`: a reset, for a body whose end could not be
  // told from a truncation otherwise.
  enum class After { keep_alive, close, linger, abort };
  void transaction_ended(After after);

 private:
  friend class worker::WorkerContext;

  // A head that is not complete, or pipelined requests. Most clients, and all that are idle, have
  // none: so it is not in the connection itself (0.95 of the memory of an idle client).
  struct Pending {
    std::string bytes;
    std::size_t scanned = 0;  // how far http::parse_request_head has looked at them
  };

  void on_event(short what);
  void on_deadline();
  void serve();
  std::size_t read_more(std::size_t have);
  bool may_be_reset() const;
  void go_idle();
  void linger();
  void close();
  void handshake_failed(int error);
  // One access record for a client that never came to a request, and the details for who wants
  // them.
  void record_handshake(int status, std::string_view reason, std::string_view details,
                        std::size_t body_bytes = 0);
  void watch_writable();
  void on_owed();

  WorkerContext& worker_;
  ListenerRuntime& listener_;
  net::Stream stream_;
  net::FdEvent event_;
  std::unique_ptr<net::FdEvent> owed_;  // while TLS has records of its own to send
  net::Deadline deadline_;
  std::unique_ptr<transaction::Transaction> transaction_;
  std::unique_ptr<Pending> pending_;
  std::string ip_;
  std::uint64_t linger_end_ms_ = 0;
  std::uint32_t linger_unsent_ = 0;
  std::uint32_t place_ = 0;  // in WorkerContext's list
  bool readable_ = false;
  bool peer_closed_ = false;
  bool wants_more_ = true;  // no complete head is pending
  bool has_served_ = false;
  bool serving_ = false;  // serve() is on the stack
  bool lingering_ = false;
  bool closed_ = false;
};

}  // namespace worker::client
