// One client that speaks HTTP/2, its requests: see http2_connection.h.
#include <algorithm>
#include <array>
#include <bit>

#include "worker/client/client_set.h"
#include "worker/client/context.h"
#include "worker/client/exchange_pool.h"
#include "worker/client/http2_connection.h"
#include "worker/http2/request_block.h"

namespace worker::client {

namespace {

std::array<std::uint8_t, 16> nonce(Context& context) {
  return std::bit_cast<std::array<std::uint8_t, 16>>(
      std::array<std::uint64_t, 2>{context.random(), context.random()});
}

Http2Exchange& exchange_of(http2::Stream& stream) { return static_cast<Http2Exchange&>(stream); }

}  // namespace

void Http2Connection::on_request(std::uint32_t id, std::string_view block, bool is_ended) {
  http2::RequestBlock request;
  request.is_ended = is_ended;
  request.is_tls = endpoint_.stream().tls() != nullptr;
  request.may_connect = true;
  request.websocket_nonce = nonce(context_);
  http::Refusal refusal;
  const http2::BlockStatus status =
      http2::decode_request(decoder_, block, request, listener_.limits, context_.head_text,
                            context_.request_head, refusal);
  if (status == http2::BlockStatus::compression_error) {
    return lose_table();
  }
  exchanges_.push_back(context_.http2_exchanges.take());
  Http2Exchange& exchange = *exchanges_.back();
  session_.open(exchange, id, is_ended);
  exchange.urgency = request.urgency;
  exchange.is_incremental = request.incremental;
  if (status == http2::BlockStatus::refused) {
    session_.charge(http2::Budget::kFault);
    exchange.start_refused(*this, refusal);
  } else {
    exchange.start(*this);
  }
}

// The table of the client's encoder is not known any more.
void Http2Connection::lose_table() {
  session_.fail(http2::ErrorCode::compression_error, "h2_compression");
}

void Http2Connection::on_trailer(http2::Stream& stream, std::string_view block) {
  Http2Exchange& exchange = exchange_of(stream);
  http::Refusal refusal;
  std::string lines;
  const http2::BlockStatus status =
      http2::decode_trailer(decoder_, block, listener_.limits, lines, refusal);
  if (status == http2::BlockStatus::compression_error) {
    return lose_table();
  }
  exchange.take_trailer(std::move(lines), refusal);
  exchange.on_readable();
}

void Http2Connection::on_ignored_block(std::string_view block) {
  if (!decoder_.skip(block)) lose_table();
}

void Http2Connection::on_body(http2::Stream& stream) { exchange_of(stream).on_readable(); }

void Http2Connection::on_reset(http2::Stream& stream) {
  exchange_of(stream).cut_off("client_closed");
}

void Http2Connection::on_drained(http2::Stream& stream) { exchange_of(stream).on_writable(); }

bool Http2Connection::grant(std::size_t bytes) { return context_.budget.take(bytes); }

void Http2Connection::give_back_grant(std::size_t bytes) { context_.budget.give(bytes); }

void Http2Connection::on_output_full() { write_out(); }

void Http2Connection::read_later(Http2Exchange& exchange) {
  readers_.push_back(&exchange);
  endpoint_.reschedule();
}

bool Http2Connection::has_tunnel() const {
  return std::any_of(exchanges_.begin(), exchanges_.end(),
                     [](const auto& exchange) { return exchange->is_tunnel; });
}

void Http2Connection::exchange_ended(Http2Exchange& exchange) {
  std::erase(readers_, &exchange);
  const auto at = std::find_if(exchanges_.begin(), exchanges_.end(),
                               [&](const auto& one) { return one.get() == &exchange; });
  std::unique_ptr<Http2Exchange> ended = std::move(*at);
  *at = std::move(exchanges_.back());
  exchanges_.pop_back();
  context_.http2_exchanges.give_back(std::move(ended));
  if (wait_ == Wait::request) wait_ = Wait::nothing;  // the client is idle from now on
  touch();
}

}  // namespace worker::client
