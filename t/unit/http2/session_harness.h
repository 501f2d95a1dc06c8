// A session with a user that writes down what it is told, and frames in words.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "t/unit/words.h"
#include "worker/http2/session.h"

namespace http2_test {

using namespace worker::http2;

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload = {}) {
  std::string out;
  append_frame_header(out, {.length = static_cast<std::uint32_t>(payload.size()),
                            .type = type,
                            .flags = flags,
                            .stream = stream});
  return out.append(payload);
}

inline std::string u32(std::uint32_t value) {
  std::string out;
  append_setting(out, Setting{}, value);
  return out.substr(2);
}

inline std::string setting(std::uint16_t id, std::uint32_t value) {
  std::string out;
  append_setting(out, static_cast<Setting>(id), value);
  return out;
}

inline std::string headers(std::uint32_t stream, std::string_view block,
                           std::uint8_t flags = kEndHeaders | kEndStream) {
  return frame(FrameType::headers, flags, stream, block);
}
inline std::string data(std::uint32_t stream, std::string_view bytes, bool is_last = false) {
  return frame(FrameType::data, is_last ? kEndStream : std::uint8_t{0}, stream, bytes);
}
inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(FrameType::window_update, 0, stream, u32(increment));
}
inline std::string rst(std::uint32_t stream, ErrorCode code = ErrorCode::cancel) {
  return frame(FrameType::rst_stream, 0, stream, u32(static_cast<std::uint32_t>(code)));
}

// "HEADERS 1 END_STREAM abc" for each frame; long payloads as their size.
inline std::vector<std::string> in_words(std::string_view bytes) {
  static const char* const kNames[] = {"DATA", "HEADERS", "PRIORITY", "RST",    "SETTINGS",
                                       "PUSH", "PING",    "GOAWAY",   "WINDOW", "CONTINUATION"};
  std::vector<std::string> words;
  while (bytes.size() >= kFrameHeader) {
    const FrameHeader header = parse_frame_header(bytes.data());
    const std::string_view payload = bytes.substr(kFrameHeader, header.length);
    bytes.remove_prefix(kFrameHeader + payload.size());
    std::string word = kNames[static_cast<int>(header.type)];
    word += ' ' + std::to_string(header.stream);
    switch (header.type) {
      case FrameType::settings:
      case FrameType::ping:
        if (header.has(kAck)) word += " ack";
        break;
      case FrameType::goaway:
        word += " last " + std::to_string(read_u31(payload.data()));
        word += " code " + std::to_string(read_u32(payload.data() + 4));
        break;
      case FrameType::rst_stream:
      case FrameType::window_update:
        word += ' ' + std::to_string(read_u32(payload.data()));
        break;
      default:
        if (payload.size() > 20) {
          word += ' ' + std::to_string(payload.size()) + " bytes";
        } else if (!payload.empty()) {
          word += ' ' + std::string(payload);
        }
        if (header.has(kEndStream)) word += " END";
    }
    words.push_back(word);
  }
  if (!bytes.empty()) words.push_back("half a frame");
  return words;
}

class Peer final : private SessionUser {
 public:
  explicit Peer(std::size_t most_block = 65'536)
      : session(*this, {.most_block = most_block, .most_header_list = 32'768}) {
    session.start();
    said();
  }

  // Preface and empty settings, of which the answer is dropped.
  Peer& begin() {
    give(std::string(kPreface) + frame(FrameType::settings, 0, 0));
    give(frame(FrameType::settings, kAck, 0));
    said();
    return *this;
  }
  // Takes bytes like a connection: what is left comes again.
  void give(std::string_view bytes) {
    pending_.append(bytes);
    do {
      pending_.erase(0, session.take(pending_, 64, now_ms));
    } while (session.is_behind());
  }
  void give_split(std::string_view bytes, std::size_t size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      give(bytes.substr(0, size));
    }
  }
  // The frames since the last call.
  std::vector<std::string> said() {
    std::string out;
    out.swap(session.output());
    out.insert(0, sent_early_);
    sent_early_.clear();
    return in_words(out);
  }
  std::vector<std::string> take_events() {
    std::vector<std::string> now;
    now.swap(events);
    return now;
  }
  Stream& stream(std::uint32_t id) {
    for (const auto& one : streams_) {
      if (one->id == id) return *one;
    }
    throw std::out_of_range("no such stream");
  }
  std::string read(std::uint32_t id, std::size_t size = 1'000'000) {
    std::string bytes(size, '\0');
    bytes.resize(session.read(stream(id), bytes.data(), size));
    return bytes;
  }

  Session session;
  std::vector<std::string> events;
  std::uint64_t now_ms = 1'000;
  std::size_t grants_left = 0;  // for bodies that wait
  bool takes_output = true;     // the socket has room
  bool reads_bodies = false;    // takes each part of a body as it comes
  bool closes_at_once = false;  // ends each request when it comes, without an answer

 private:
  void note(std::string_view what, std::uint32_t id, std::string_view more = {}) {
    events.push_back(std::string(what) + ' ' + std::to_string(id));
    if (!more.empty()) events.back().append(" ").append(more);
  }
  void on_request(std::uint32_t id, std::string_view block, bool is_ended) override {
    note(is_ended ? "request whole" : "request", id, block.size() > 20 ? "long" : block);
    streams_.push_back(std::make_unique<Stream>());
    session.open(*streams_.back(), id, is_ended);
    if (closes_at_once) session.close(*streams_.back(), ErrorCode::cancel);
  }
  void on_trailer(Stream& stream, std::string_view block) override {
    note("trailer", stream.id, block);
  }
  void on_ignored_block(std::string_view block) override {
    events.push_back("ignored " + std::string(block));
  }
  void on_body(Stream& stream) override {
    note(stream.client_has_ended() ? "body end" : "body", stream.id,
         std::to_string(stream.unread()));
    if (reads_bodies) read(stream.id);
  }
  void on_reset(Stream& stream) override { note("reset", stream.id); }
  void on_drained(Stream& stream) override { note("drained", stream.id); }
  bool grant(std::size_t bytes) override {
    if (bytes > grants_left) return false;
    grants_left -= bytes;
    return true;
  }
  void give_back_grant(std::size_t bytes) override { grants_left += bytes; }
  void on_output_full() override {
    if (!takes_output) return;
    sent_early_ += session.output();
    session.output().clear();
  }

  std::string pending_;
  std::string sent_early_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

using Words = std::vector<std::string>;

}  // namespace http2_test
