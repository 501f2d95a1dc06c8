// One request over HTTP/2 and the way its response goes back.
//
// It is a stream of the client's session, and borrows the connection for the time of the request.
// Owns the transaction. Used again for later requests of any client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/backend/pinned.h"
#include "worker/http2/frame.h"
#include "worker/http2/stream.h"
#include "worker/net/event.h"
#include "worker/transaction/exchange.h"
#include "worker/transaction/transaction.h"

namespace worker::client {

class Http2Connection;

class Http2Exchange final : public net::Disposable,
                            public transaction::Exchange,
                            public http2::Stream {
 public:
  explicit Http2Exchange(transaction::Context& context) : transaction_(context, *this) {}

  // The stream is open, and the worker's scratch has the head.
  void start(Http2Connection& connection);
  void start_refused(Http2Connection& connection, const http::Refusal& refusal);

  void on_readable() { transaction_.on_client_readable(); }
  void on_writable() { transaction_.on_client_writable(); }
  void cut_off(std::string_view reason) { transaction_.cut_off(reason); }
  // What came behind the body: lines, or a refusal.
  void take_trailer(std::string lines, const http::Refusal& refusal);

  // --- for the transaction
  transaction::BodyPart accept(const http::RequestFacts& facts, std::uint64_t most_body) override;
  transaction::BodyPart read_body(char* buffer, std::size_t size) override;
  bool body_is_whole() const override { return now_.is_whole; }
  std::string_view body_trailer() const override { return trailer_lines_; }
  void read_later() override;
  void send_interim(const http::ResponseHead& head) override;
  void send_head(const transaction::ResponseStart& start,
                 const transaction::BodyData& first) override;
  void send_body(const transaction::BodyData& part) override;
  std::size_t send_answer(const http::Answer& answer, bool refused) override;
  void become_tunnel(const http::ResponseHead& head, std::string_view first) override;
  void end_tunnel_output() override;
  std::size_t held() const override { return Stream::held(); }
  // What the socket holds belongs to all streams, so it tells nothing of this one.
  std::size_t unsent() const override { return Stream::held(); }
  std::uint64_t yielded() const override { return Stream::yielded; }
  std::size_t read_size() const override;
  bool has_failed() const override { return state == State::closed; }
  bool is_gone() const override { return state == State::closed; }
  bool has_ended() const override { return state == State::closed; }
  void expect_silence() override;
  std::unique_ptr<backend::PinnedUpstream>& pinned() override { return pinned_; }
  void end(End how) override;

 private:
  // What belongs to one request.
  struct Request {
    http::Framing body;
    std::uint64_t most_body = 0;
    std::uint64_t received = 0;
    bool is_whole = false;
    bool is_head = false;
    bool is_malformed = false;  // gets a reset instead of an answer
    http::Refusal trailer_refusal;
  };

  transaction::RequestStart begin(Http2Connection& connection);
  http::Refusal judge_length(bool is_end) const;
  http2::ErrorCode code_of(End how) const;

  Http2Connection* connection_ = nullptr;
  Request now_;
  std::string trailer_lines_;
  std::unique_ptr<backend::PinnedUpstream> pinned_;
  transaction::Transaction transaction_;
};

}  // namespace worker::client
