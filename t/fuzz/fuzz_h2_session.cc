// Fuzzes the frames of an HTTP/2 connection. The first byte chooses how the user of the session
// behaves, the rest is what the client sends.
//
// Properties: requests, bodies, resets and the end of the connection do not depend on how the bytes
// are split; a body has the bytes of its stream's DATA frames, read by another parser; what the
// session sends is whole frames, at most one END_STREAM for a stream and nothing behind it but a
// reset; no DATA exceeds the client's windows; memory is bounded.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/http2/session.h"

using namespace worker::http2;
using fuzz::require;

namespace {

struct Mode {
  bool starts = false;    // preface and settings come first
  bool reads = false;     // takes bodies as they come
  bool answers = false;   // answers each request at once, with a body
  bool closes = false;    // ends each stream that it has answered
  bool is_stuck = false;  // the socket takes nothing
};

class User final : private SessionUser {
 public:
  explicit User(Mode mode)
      : session(*this, {.most_block = 40'000, .most_header_list = 32'768}), mode_(mode) {
    session.start();
  }

  void give(std::string_view bytes) {
    pending_.append(bytes);
    do {
      const std::size_t taken = session.take(pending_, 16, 1'000);
      require(taken <= pending_.size(), "takes what is there");
      pending_.erase(0, taken);
    } while (session.is_behind());
    if (!mode_.is_stuck) on_output_full();
    require(session.streams().size() <= kMostStreams, "few streams");
    std::size_t unread = 0;
    for (const Stream* stream : session.streams()) unread += stream->unread();
    require(unread <= static_cast<std::size_t>(kMostGrown) + 100'000, "bodies within the window");
    require(pending_.size() <= 40'000 + kMaxPayload + kFrameHeader, "keeps one block at most");
  }

  Session session;
  std::vector<std::string> events;
  std::map<std::uint32_t, std::string> bodies;
  std::string sent;

 private:
  void note(std::string what, std::uint32_t id, std::string_view more = {}) {
    events.push_back(what.append(" ").append(std::to_string(id)).append(" ").append(more));
  }
  void on_request(std::uint32_t id, std::string_view block, bool is_ended) override {
    note(is_ended ? "whole" : "request", id, block);
    streams_.push_back(std::make_unique<Stream>());
    Stream& stream = *streams_.back();
    session.open(stream, id, is_ended);
    if (!mode_.answers) return;
    session.send_head(stream, "head", false);
    session.send_body(stream, std::string(id * 1'000 % 100'000, 'b'), true, id % 3 == 0 ? "t" : "");
    if (mode_.closes && stream.held() == 0) session.close(stream, ErrorCode::no_error);
  }
  void on_trailer(Stream& stream, std::string_view block) override {
    note("trailer", stream.id, block);
  }
  void on_ignored_block(std::string_view block) override { note("ignored", 0, block); }
  void on_body(Stream& stream) override {
    if (stream.client_has_ended()) note("end", stream.id);
    if (!mode_.reads) return;
    std::string part(stream.unread(), '\0');
    require(session.read(stream, part.data(), part.size()) == part.size(), "reads all");
    bodies[stream.id] += part;
  }
  void on_reset(Stream& stream) override { note("reset", stream.id); }
  void on_drained(Stream& stream) override {
    if (mode_.closes) session.close(stream, ErrorCode::no_error);
  }
  bool grant(std::size_t bytes) override {
    if (granted_ + bytes > kMostGranted) return false;
    granted_ += bytes;
    return true;
  }
  void give_back_grant(std::size_t bytes) override {
    require(granted_ >= bytes, "gives back what it has");
    granted_ -= bytes;
  }
  void on_output_full() override {
    if (mode_.is_stuck) return;
    sent += session.output();
    session.output().clear();
  }

  static constexpr std::size_t kMostGranted = 100'000;

  Mode mode_;
  std::size_t granted_ = 0;
  std::string pending_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

std::unique_ptr<User> run(Mode mode, const std::string& bytes, std::size_t step) {
  auto user = std::make_unique<User>(mode);
  if (mode.starts) {
    std::string start(kPreface);
    append_settings(start, {});
    user->give(start);
  }
  for (std::size_t at = 0; at < bytes.size(); at += step) user->give(bytes.substr(at, step));
  return user;
}

// What each stream's DATA frames hold, as far as `bytes` are whole frames.
std::map<std::uint32_t, std::string> data_in(std::string_view bytes) {
  std::map<std::uint32_t, std::string> found;
  while (bytes.size() >= kFrameHeader) {
    const FrameHeader header = parse_frame_header(bytes.data());
    std::string_view payload = bytes.substr(kFrameHeader);
    if (payload.size() < header.length) payload = payload.substr(0, payload.size());
    payload = payload.substr(0, header.length);
    bytes.remove_prefix(kFrameHeader + payload.size());
    if (header.type != FrameType::data || payload.empty()) continue;
    if (header.has(kPadded)) {
      const std::size_t padding = static_cast<unsigned char>(payload.front());
      if (padding >= header.length) break;
      const std::size_t most = header.length - 1 - padding;
      payload = payload.substr(1, most);
    }
    found[header.stream] += payload;
  }
  return found;
}

void check_output(std::string_view sent) {
  std::set<std::uint32_t> ended, reset;
  while (!sent.empty()) {
    require(sent.size() >= kFrameHeader, "whole headers");
    const FrameHeader header = parse_frame_header(sent.data());
    require(sent.size() >= kFrameHeader + header.length, "whole frames");
    require(header.length <= kMaxPayload, "frames of the size that every client takes");
    sent.remove_prefix(kFrameHeader + header.length);
    const bool is_message = header.type == FrameType::data || header.type == FrameType::headers;
    if (is_message) {
      require(!ended.contains(header.stream) && !reset.contains(header.stream), "nothing behind");
      if (header.has(kEndStream)) ended.insert(header.stream);
    }
    if (header.type == FrameType::rst_stream) reset.insert(header.stream);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned bits = data[0];
  const Mode mode{.starts = (bits & 1) != 0,
                  .reads = (bits & 2) != 0,
                  .answers = (bits & 4) != 0,
                  .closes = (bits & 8) != 0,
                  .is_stuck = (bits & 16) != 0};
  const std::string bytes(fuzz::text(data + 1, size - 1));
  const auto whole = run(mode, bytes, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{1} + bits % 97}) {
    const auto split = run(mode, bytes, step);
    // Windows are given back in portions, so that their edge depends on the reads by a few bytes.
    const bool at_edge = mode.reads && (whole->session.failure().reason == "h2_window" ||
                                        split->session.failure().reason == "h2_window");
    if (at_edge) continue;
    // When a response ends, and so whether a late frame still finds its stream, depends on them,
    // too.
    if (mode.answers && mode.closes) continue;
    require(whole->session.failure().reason == split->session.failure().reason, "same end");
    require(whole->events == split->events, "same events");
    require(whole->bodies == split->bodies, "same bodies");
  }
  if (mode.reads && mode.starts) {
    const auto expected = data_in(bytes);
    for (const auto& [id, body] : whole->bodies) {
      const auto found = expected.find(id);
      require(found != expected.end() || body.empty(), "bytes of some frame");
      if (found != expected.end()) require(found->second.starts_with(body), "of its stream only");
    }
  }
  check_output(whole->sent);
  return 0;
}
