// A client without a protocol: an Exchange that a test scripts, and that records every call.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/net/read_buffer.h"
#include "worker/transaction/exchange.h"
#include "worker/transaction/transaction.h"

namespace transaction_test {

using worker::transaction::BodyData;
using worker::transaction::BodyPart;

class FakeExchange final : public worker::transaction::Exchange {
 public:
  explicit FakeExchange(worker::transaction::Context& context) : transaction(context, *this) {}

  // --- the script of the client
  // A part of the request's body. `is_last`: nothing follows.
  void sends(std::string data, bool is_last = false) {
    parts_.push_back({BodyPart::Status::data, std::move(data), is_last});
  }
  void sends(BodyPart::Status status) { parts_.push_back({status, {}, false}); }
  void sends_refused(worker::http::Refusal refusal, std::string excerpt) {
    refusal_ = refusal;
    parts_.push_back({BodyPart::Status::refused, std::move(excerpt), false});
  }
  // The first part comes together with the head.
  bool sends_early = false;
  std::string trailer;
  // The number of bytes that it takes of the response's body. The rest waits for room.
  std::uint64_t room = UINT64_MAX;
  std::size_t unacknowledged = 0;  // bytes, without those that wait for room
  bool failed = false;
  bool gone = false;
  bool peer_ended = false;
  bool expects_silence = false;
  // Before the last part of a response, or an answer, takes effect.
  std::function<void()> before_last = [] {};

  // --- what happened
  std::vector<std::string> calls;
  std::string body;   // of the response, all of it, or of a tunnel
  std::string added;  // with the response's head
  std::string page;   // of an answer
  std::uint64_t most_body = 0;
  bool ended = false;
  bool wants_to_read_later = false;

  // --- the Exchange
  BodyPart accept(const worker::http::RequestFacts& facts, std::uint64_t most) override {
    calls.emplace_back("accept");
    most_body = most;
    is_head_ = facts.is_head;
    using Kind = worker::http::Framing::Kind;
    is_whole_ = facts.body.kind == Kind::none ||
                (facts.body.kind == Kind::length && facts.body.length == 0);
    return sends_early ? next(SIZE_MAX) : BodyPart{};
  }
  BodyPart read_body(char*, std::size_t size) override { return next(size); }
  bool body_is_whole() const override { return is_whole_; }
  std::string_view body_trailer() const override {
    return is_whole_ ? std::string_view(trailer) : std::string_view();
  }
  void read_later() override { wants_to_read_later = true; }

  void send_interim(const worker::http::ResponseHead& head) override {
    calls.push_back("interim " + std::to_string(head.status));
  }
  void send_head(const worker::transaction::ResponseStart& start, const BodyData& first) override {
    if (first.is_last) before_last();
    added = start.added;
    calls.push_back("head " + std::to_string(start.head.status) + " " + text(start.body) +
                    text(first));
  }
  void send_body(const BodyData& part) override {
    if (part.is_last) before_last();
    calls.push_back("body" + text(part));
  }
  std::size_t send_answer(const worker::http::Answer& answer, bool refused) override {
    before_last();
    page = answer.page;
    std::string call = "answer " + std::to_string(answer.status);
    if (!answer.field.name.empty()) {
      call.append(" ").append(answer.field.name).append(": ").append(answer.field.value);
    }
    calls.push_back(call + (refused ? " refused" : ""));
    return is_head_ ? 0 : answer.page.size();
  }
  void become_tunnel(const worker::http::ResponseHead& head, std::string_view first) override {
    calls.push_back("tunnel " + std::to_string(head.status) + text(BodyData{first}));
  }
  void end_tunnel_output() override { calls.emplace_back("end output"); }

  std::size_t held() const override {
    return failed || body.size() <= room ? 0 : body.size() - static_cast<std::size_t>(room);
  }
  std::size_t unsent() const override {
    return unacknowledged + (is_blocked() ? body.size() - static_cast<std::size_t>(room) : 0);
  }
  std::size_t read_size() const override { return worker::net::kReadBufferSize; }
  bool has_failed() const override { return failed; }
  bool is_gone() const override { return gone; }
  bool has_ended() const override { return peer_ended; }
  void expect_silence() override { expects_silence = true; }
  std::unique_ptr<worker::backend::PinnedUpstream>& pinned() override { return pinned_; }
  void end(End how) override {
    constexpr const char* kNames[] = {"whole", "truncated", "refused", "cut off"};
    calls.push_back(std::string("end ") + kNames[static_cast<std::size_t>(how)]);
    ended = true;
  }

  // The last public member: it holds a reference to this exchange.
  worker::transaction::Transaction transaction;

 private:
  struct Part {
    BodyPart::Status status;
    std::string data;
    bool is_last;
  };

  BodyPart next(std::size_t size) {
    if (parts_.empty()) return {};
    now_ = std::move(parts_.front());
    parts_.pop_front();
    if (now_.data.size() > size) {  // the rest is the next part
      parts_.push_front({now_.status, now_.data.substr(size), now_.is_last});
      now_.data.resize(size);
      now_.is_last = false;
    }
    if (now_.is_last) is_whole_ = true;
    BodyPart part{.status = now_.status, .data = {}, .refusal = {}, .excerpt = {}};
    if (now_.status == BodyPart::Status::refused) {
      part.refusal = refusal_;
      part.excerpt = now_.data;
    } else {
      part.data = now_.data;
    }
    return part;
  }

  static std::string text(const worker::http::Framing& framing) {
    using Kind = worker::http::Framing::Kind;
    switch (framing.kind) {
      case Kind::none:
        return "none";
      case Kind::length:
        return std::to_string(framing.length);
      case Kind::chunked:
        return "chunked";
      case Kind::until_close:
        break;
    }
    return "until close";
  }
  // Short data in full, long data by its size.
  std::string text(const BodyData& part) {
    body.append(part.data);
    std::string text;
    if (!part.data.empty()) {
      text = part.data.size() <= 64 ? " [" + std::string(part.data) + "]"
                                    : " " + std::to_string(part.data.size()) + " bytes";
    }
    if (part.is_last) text += " last";
    if (!part.trailer.empty()) text.append(" {").append(part.trailer).append("}");
    return text;
  }

  std::unique_ptr<worker::backend::PinnedUpstream> pinned_;
  std::deque<Part> parts_;
  Part now_;  // owns the bytes of the part that next() returned last
  worker::http::Refusal refusal_;
  bool is_head_ = false;
  bool is_whole_ = false;
};

}  // namespace transaction_test
