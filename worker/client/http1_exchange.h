// One request over HTTP/1 and the way its response goes back.
//
// Knows the framing of the client's side: where the body of the request ends, whether the response
// goes out in chunks, and whether the connection stays open afterwards. Borrows the connection for
// the time of the request; owns the transaction and what the client has not taken yet. Used again
// for later requests of any client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/http/body_reader.h"
#include "worker/net/event.h"
#include "worker/net/outbox.h"
#include "worker/transaction/exchange.h"
#include "worker/transaction/transaction.h"

namespace worker::client {

class Http1Connection;

// What becomes of the connection after an exchange.
enum class After : std::uint8_t {
  keep_alive,
  close,
  // The client may still be sending. What it sends is read and dropped for a while, so that our
  // response is not lost to a reset.
  linger,
  // A reset, for a body whose end could not be told from a truncation otherwise.
  abort,
};

class Http1Exchange final : public net::Disposable, public transaction::Exchange {
 public:
  explicit Http1Exchange(transaction::Context& context) : transaction_(context, *this) {}

  // Begins with a parsed head and the `rest_size` bytes that were read behind it. `rest` is in the
  // worker's buffer.
  void start(Http1Connection& connection, char* rest, std::size_t rest_size);
  void start_refused(Http1Connection& connection, const http::Refusal& refusal);
  void start_too_late(Http1Connection& connection);

  void on_readable() { transaction_.on_client_readable(); }
  void on_writable();
  void cut_off(std::string_view reason) { transaction_.cut_off(reason); }

  // --- for the transaction
  transaction::BodyPart accept(const http::RequestFacts& facts, std::uint64_t most_body) override;
  transaction::BodyPart read_body(char* buffer, std::size_t size) override;
  bool body_is_whole() const override { return body_.is_whole(); }
  std::string_view body_trailer() const override { return body_.trailer(); }
  void read_later() override;
  void send_interim(const http::ResponseHead& head) override;
  void send_head(const transaction::ResponseStart& start,
                 const transaction::BodyData& first) override;
  void send_body(const transaction::BodyData& part) override;
  std::size_t send_answer(const http::Answer& answer, bool refused) override;
  void become_tunnel(const http::ResponseHead& head, std::string_view first) override;
  void end_tunnel_output() override;
  std::size_t held() const override { return out_.held(); }
  std::size_t unsent() const override;
  std::size_t read_size() const override;
  bool has_failed() const override { return out_.failed(); }
  bool is_gone() const override;
  bool has_ended() const override;
  void expect_silence() override;
  std::unique_ptr<backend::PinnedUpstream>& pinned() override;
  void end(End how) override;

 private:
  // How the response's body is framed for the client.
  enum class Framing : std::uint8_t { by_length, in_chunks, by_close };

  // What belongs to one request.
  struct Request {
    char* rest = nullptr;  // until accept()
    std::size_t rest_size = 0;
    bool keep_alive = false;  // the client wants the connection kept
    bool is_http10 = false;
    bool is_head = false;
    bool is_tunnel = false;
    Framing framing = Framing::by_length;
    bool is_sent = false;  // all of the response was handed over
    After after = After::close;
  };

  transaction::RequestStart begin(Http1Connection& connection);
  transaction::BodyPart take(char* data, std::size_t size);
  bool settle_connection();
  void send_text(const transaction::BodyData& part);
  // The connection closes once all of the response is taken.
  bool closes_after() const { return now_.is_sent && now_.after != After::keep_alive; }
  After after(End how) const;

  Http1Connection* connection_ = nullptr;
  Request now_;
  http::BodyReader body_;  // of the request
  net::Outbox out_;
  std::string tunnel_start_;  // bytes of a tunnel that came before it began
  transaction::Transaction transaction_;
};

}  // namespace worker::client
