// Fuzzes a whole HTTP/2 connection: frames, header blocks, requests, and the responses to them. The
// first byte chooses how the user behaves, the rest is what the client sends behind the preface.
//
// Properties: heads, verdicts, bodies and the end do not depend on how the bytes are split; a
// response's head has the status for its own stream; DATA of a stream has the bytes of that
// stream's response only; packing the decoder between two reads changes nothing.
#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/http2/request_block.h"
#include "worker/http2/response_block.h"
#include "worker/http2/session.h"

using namespace worker::http2;
using fuzz::require;

namespace {

constexpr std::string_view kSizes[] = {"0", "1", "70000"};

struct Mode {
  bool packs = false;    // the decoder, after each read
  bool waits = false;    // answers when the request is whole
  bool has_few = false;  // memory for bodies that wait
};

struct Exchange : Stream {
  std::string text;  // what was asked, or why not
  std::string body;
};

class User final : private SessionUser {
 public:
  explicit User(Mode mode)
      : session(*this, {.most_block = 49'000, .most_header_list = 32'768}),
        mode_(mode),
        grants_(mode.has_few ? 10'000 : 1'000'000) {
    session.start();
  }

  void give(std::string_view bytes) {
    pending_.append(bytes);
    do {
      pending_.erase(0, session.take(pending_, 8, 1'000));
    } while (session.is_behind());
    on_output_full();
    if (mode_.packs) decoder_.pack();
  }

  std::vector<std::string> heads() const {
    std::vector<std::string> all;
    for (const auto& one : exchanges_) all.push_back(one->text);
    return all;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const auto& one : exchanges_) all.push_back(one->body);
    return all;
  }

  Session session;
  std::string sent;

 private:
  void on_request(std::uint32_t id, std::string_view block, bool is_ended) override {
    RequestBlock request;
    request.is_ended = is_ended;
    request.is_tls = true;
    request.may_connect = true;
    worker::http::Refusal refusal;
    const BlockStatus status = decode_request(decoder_, block, request, {}, text_, head_, refusal);
    if (status == BlockStatus::compression_error) {
      return session.fail(ErrorCode::compression_error, "h2_compression");
    }
    exchanges_.push_back(std::make_unique<Exchange>());
    Exchange& exchange = *exchanges_.back();
    exchange.text = std::to_string(id) + ' ';
    if (status == BlockStatus::refused) {
      exchange.text += worker::http::info(refusal.reason).code;
    } else {
      exchange.text += head_.line;
      for (const worker::http::Field& field : head_.fields) {
        exchange.text.append("|").append(field.name).append(":").append(field.value);
      }
    }
    session.open(exchange, id, is_ended);
    exchange.urgency = request.urgency;
    exchange.is_incremental = request.incremental;
    if (status == BlockStatus::refused) return session.close(exchange, ErrorCode::protocol_error);
    if (is_ended || !mode_.waits) answer(exchange);
  }
  void answer(Exchange& exchange) {
    std::string block;
    const std::string_view size = kSizes[exchange.id / 2 % 3];
    encoder_.begin();
    encoder_.add(":status", "200");
    encoder_.add("x-stream", std::to_string(exchange.id));
    encoder_.add("content-length", size);
    encoder_.finish(block);
    session.send_head(exchange, block, false);
    const char mark = static_cast<char>('a' + exchange.id / 2 % 26);
    session.send_body(exchange, std::string(std::stoul(std::string(size)), mark), true, {});
  }
  void on_trailer(Stream& stream, std::string_view block) override {
    worker::http::Refusal refusal;
    std::string lines;
    const BlockStatus status = decode_trailer(decoder_, block, {}, lines, refusal);
    if (status == BlockStatus::compression_error) {
      return session.fail(ErrorCode::compression_error, "h2_compression");
    }
    auto& exchange = static_cast<Exchange&>(stream);
    exchange.text.append("+").append(refusal ? worker::http::info(refusal.reason).code : lines);
    on_body(stream);
  }
  void on_ignored_block(std::string_view block) override {
    if (!decoder_.skip(block)) session.fail(ErrorCode::compression_error, "h2_compression");
  }
  void on_body(Stream& stream) override {
    auto& exchange = static_cast<Exchange&>(stream);
    std::string part(stream.unread(), '\0');
    session.read(stream, part.data(), part.size());
    exchange.body += part;
    if (stream.client_has_ended() && mode_.waits) answer(exchange);
  }
  void on_reset(Stream& stream) override { static_cast<Exchange&>(stream).text += " reset"; }
  // Streams stay: when a response ends depends on the reads.
  void on_drained(Stream& /*stream*/) override {}
  bool grant(std::size_t bytes) override {
    if (bytes > grants_) return false;
    grants_ -= bytes;
    return true;
  }
  void give_back_grant(std::size_t bytes) override { grants_ += bytes; }
  void on_output_full() override {
    sent += session.output();
    session.output().clear();
  }

  Mode mode_;
  std::size_t grants_;
  std::string pending_;
  std::string text_;
  worker::http::RequestHead head_;
  Decoder decoder_;
  Encoder encoder_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
};

std::unique_ptr<User> run(Mode mode, const std::string& bytes, std::size_t step) {
  auto user = std::make_unique<User>(mode);
  std::string start(kPreface);
  append_settings(start, {});
  user->give(start);
  for (std::size_t at = 0; at < bytes.size(); at += step) user->give(bytes.substr(at, step));
  return user;
}

class Fields final : public FieldSink {
 public:
  bool on_field(std::string_view name, std::string_view value) override {
    if (name == "x-stream") stream = value;
    return true;
  }
  std::string stream;
};

// Every frame speaks of the stream that it belongs to.
void check_responses(std::string_view sent) {
  Decoder decoder;
  while (!sent.empty()) {
    const FrameHeader header = parse_frame_header(sent.data());
    const std::string_view payload = sent.substr(kFrameHeader, header.length);
    sent.remove_prefix(kFrameHeader + header.length);
    if (header.type == FrameType::headers) {
      Fields fields;
      require(decoder.decode(payload, fields), "a block that can be decoded");
      require(fields.stream == std::to_string(header.stream), "the head of its own stream");
    }
    if (header.type == FrameType::data) {
      const char mark = static_cast<char>('a' + header.stream / 2 % 26);
      require(payload.find_first_not_of(mark) == std::string_view::npos, "bytes of its own stream");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned bits = data[0];
  const Mode mode{.packs = (bits & 1) != 0, .waits = (bits & 2) != 0, .has_few = (bits & 4) != 0};
  const std::string bytes(fuzz::text(data + 1, size - 1));
  const auto whole = run(mode, bytes, size + 1);
  check_responses(whole->sent);
  Mode other = mode;
  other.packs = !mode.packs;
  for (const std::size_t step : {std::size_t{1}, std::size_t{2} + bits % 89}) {
    const auto split = run(other, bytes, step);
    const std::string_view ends[] = {whole->session.failure().reason,
                                     split->session.failure().reason};
    // The edges of windows depend on the reads by a few bytes.
    if (ends[0] == "h2_window" || ends[1] == "h2_window") continue;
    require(ends[0] == ends[1], "same end");
    require(whole->heads() == split->heads(), "same heads and verdicts");
    require(whole->bodies() == split->bodies(), "same bodies");
    check_responses(split->sent);
  }
  return 0;
}
