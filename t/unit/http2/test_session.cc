// Frames, header blocks and the states of streams.
#include "worker/http2/session.h"

#include <doctest/doctest.h>

#include <string>

#include "session_harness.h"

using namespace http2_test;

namespace {

// What ends the connection when `bytes` follow the start: "code reason".
std::string failure(std::string_view bytes) {
  Peer peer;
  peer.begin();
  peer.give(bytes);
  if (!peer.session.has_failed()) return "none";
  const std::string code = std::to_string(static_cast<int>(peer.session.failure().code));
  const Words said = peer.said();
  CHECK(said.back().starts_with("GOAWAY 0 last "));
  CHECK(said.back().ends_with(" code " + code));
  return code + ' ' + std::string(peer.session.failure().reason);
}

}  // namespace

TEST_CASE("session: begins with settings, and acknowledges those of the client") {
  Session::Options options;
  Peer peer;
  std::string out;
  append_setting(out, Setting::max_concurrent_streams, 100);
  append_setting(out, Setting::max_header_list_size, 32'768);
  append_setting(out, Setting::enable_connect_protocol, 1);
  append_setting(out, Setting::no_rfc7540_priorities, 1);
  Peer other;
  other.session.start();
  CHECK(other.session.output().substr(kFrameHeader) == out);
  peer.give(std::string(kPreface) + frame(FrameType::settings, 0, 0));
  CHECK(peer.said() == Words{"SETTINGS 0 ack"});
}

TEST_CASE("session: anything but the preface ends the connection") {
  for (const char* const bytes : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "X"}) {
    Peer peer;
    peer.give(bytes);
    CHECK(peer.session.failure().reason == "h2_preface");
    CHECK(peer.said() == Words{"GOAWAY 0 last 0 code 1"});
  }
}

TEST_CASE("session: settings come first") {
  for (const std::string& bytes : {frame(FrameType::ping, 0, 0, "12345678"),
                                   frame(FrameType::settings, kAck, 0), headers(1, "x")}) {
    Peer peer;
    peer.give(std::string(kPreface) + bytes);
    CHECK(peer.session.failure().reason == "h2_preface");
    CHECK(peer.said() == Words{"GOAWAY 0 last 0 code 1"});
  }
}

TEST_CASE("session: verdicts do not depend on how the bytes are split") {
  const std::string bytes = std::string(kPreface) + frame(FrameType::settings, 0, 0) +
                            headers(1, "one", kEndHeaders) + data(1, "abc") +
                            frame(FrameType::data, kPadded, 1,
                                  std::string("\x03"
                                              "de123",
                                              6)) +
                            headers(3, "t", 0) + frame(FrameType::continuation, 0, 3, "w") +
                            frame(FrameType::continuation, kEndHeaders, 3, "o") +
                            data(1, "", true) + frame(FrameType::ping, 0, 0, "12345678") +
                            headers(3, "three") + headers(3, "four");
  Peer whole;
  whole.reads_bodies = true;
  whole.give(bytes);
  CHECK(whole.said() == Words{"SETTINGS 0 ack", "PING 0 ack", "GOAWAY 0 last 3 code 5"});
  for (const std::size_t size : {1, 2, 3, 7, 20}) {
    Peer peer;
    peer.reads_bodies = true;
    peer.give_split(bytes, size);
    CHECK(peer.said() == Words{"SETTINGS 0 ack", "PING 0 ack", "GOAWAY 0 last 3 code 5"});
    CHECK(peer.session.failure().reason == whole.session.failure().reason);
    CHECK(peer.events.back() == whole.events.back());
  }
}

TEST_CASE("session: frames of a wrong size") {
  CHECK(failure(frame(FrameType::ping, 0, 0, "1234567")) == "6 h2_frame_size");
  CHECK(failure(frame(FrameType::settings, 0, 0, "12345")) == "6 h2_frame_size");
  CHECK(failure(frame(FrameType::settings, kAck, 0, "123456")) == "6 h2_frame_size");
  CHECK(failure(frame(FrameType::goaway, 0, 0, "1234567")) == "6 h2_frame_size");
  CHECK(failure(headers(1, "x") + frame(FrameType::rst_stream, 0, 1, "12345")) ==
        "6 h2_frame_size");
  CHECK(failure(headers(1, "x") + frame(FrameType::window_update, 0, 1, "123")) ==
        "6 h2_frame_size");
  CHECK(failure(headers(1, "1234", kEndHeaders | kHasPriority)) == "6 h2_frame_size");
  CHECK(failure(headers(1, "", kEndHeaders | kPadded)) == "6 h2_frame_size");
  CHECK(failure(headers(1, std::string(kMaxPayload, 'x'))) == "none");
  CHECK(failure(headers(1, std::string(kMaxPayload + 1, 'x'))) == "6 h2_frame_size");
  CHECK(failure(frame(static_cast<FrameType>(99), 0, 0, std::string(kMaxPayload + 1, 'x'))) ==
        "6 h2_frame_size");
  CHECK(failure(headers(1, "x", kEndHeaders) + data(1, std::string(kMaxPayload + 1, 'x'))) ==
        "6 h2_frame_size");
}

TEST_CASE("session: frames on streams where they cannot be") {
  CHECK(failure(headers(0, "x")) == "1 h2_stream_id");
  CHECK(failure(headers(2, "x")) == "1 h2_stream_id");
  CHECK(failure(data(0, "x")) == "1 h2_stream_id");
  CHECK(failure(data(1, "x")) == "1 h2_stream_id");
  CHECK(failure(rst(0)) == "1 h2_stream_id");
  CHECK(failure(rst(1)) == "1 h2_stream_id");
  CHECK(failure(window_update(1, 1)) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::priority, 0, 0, "12345")) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::settings, 0, 1)) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::ping, 0, 1, "12345678")) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::goaway, 0, 1, "12345678")) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::priority_update, 0, 1, "1234")) == "1 h2_stream_id");
  CHECK(failure(frame(FrameType::push_promise, 0, 1, "1234")) == "1 h2_frame_order");
  CHECK(failure(frame(FrameType::continuation, kEndHeaders, 1, "x")) == "1 h2_frame_order");
}

TEST_CASE("session: nothing comes between the frames of a header block") {
  CHECK(failure(headers(1, "a", 0) + data(1, "x")) == "1 h2_frame_order");
  CHECK(failure(headers(1, "a", 0) + headers(3, "x")) == "1 h2_frame_order");
  CHECK(failure(headers(1, "a", 0) + frame(static_cast<FrameType>(99), 0, 0)) ==
        "1 h2_frame_order");
  CHECK(failure(headers(1, "a", 0) + frame(FrameType::continuation, kEndHeaders, 3, "b")) ==
        "1 h2_frame_order");
  CHECK(failure(headers(1, "a", 0) + frame(FrameType::continuation, kEndHeaders, 1, "b") +
                frame(FrameType::continuation, kEndHeaders, 1, "c")) == "1 h2_frame_order");
}

TEST_CASE("session: a block has at most so many frames and bytes") {
  const auto block = [](std::size_t continuations, std::size_t size) {
    std::string bytes = headers(1, "", kEndStream);
    for (std::size_t i = 1; i <= continuations; ++i) {
      bytes += frame(FrameType::continuation, i == continuations ? kEndHeaders : std::uint8_t{0}, 1,
                     std::string(size, 'x'));
    }
    return bytes;
  };
  CHECK(failure(block(kMostContinuations, 3)) == "none");
  CHECK(failure(block(kMostContinuations + 1, 3)) == "11 h2_block_too_long");
  for (const std::size_t most : {100u, 99u}) {
    Peer peer(most);
    peer.begin();
    peer.give(block(2, (100 - 3 * kFrameHeader) / 2 + 0) + "");
    const bool fits = 3 * kFrameHeader + 2 * ((100 - 3 * kFrameHeader) / 2) <= most;
    CHECK(peer.session.has_failed() != fits);
  }
}

TEST_CASE("session: padding and the old priorities are removed from a block") {
  Peer peer;
  peer.begin();
  peer.give(headers(1,
                    std::string("\x02"
                                "abc..",
                                6),
                    kEndHeaders | kPadded));
  peer.give(headers(3,
                    std::string("\0\0\0\1\x10"
                                "def",
                                8),
                    kEndHeaders | kHasPriority));
  peer.give(headers(5,
                    std::string("\x01\0\0\0\1\x10"
                                "ghi.",
                                10),
                    kEndHeaders | kHasPriority | kPadded | kEndStream));
  CHECK(peer.events == Words{"request 1 abc", "request 3 def", "request whole 5 ghi"});
  CHECK(failure(headers(1,
                        "\x03"
                        "abc",
                        kEndHeaders | kPadded)) == "none");
  CHECK(failure(headers(1,
                        "\x04"
                        "abc",
                        kEndHeaders | kPadded)) == "1 h2_padding");
  CHECK(failure(headers(1, "x", kEndHeaders) + frame(FrameType::data, kPadded, 1,
                                                     "\x03"
                                                     "abc")) == "none");
  CHECK(failure(headers(1, "x", kEndHeaders) + frame(FrameType::data, kPadded, 1,
                                                     "\x04"
                                                     "abc")) == "1 h2_padding");
}

TEST_CASE("session: a stream that depends on itself is reset") {
  Peer peer;
  peer.begin();
  peer.give(headers(1,
                    std::string("\0\0\0\1\x10"
                                "abc",
                                8),
                    kEndHeaders | kHasPriority));
  CHECK(peer.events == Words{"ignored abc"});
  CHECK(peer.said() == Words{"RST 1 1"});
  peer.give(headers(3, "x", kEndHeaders) +
            frame(FrameType::priority, 0, 3, std::string("\x80\0\0\3\x10", 5)));
  CHECK(peer.take_events() == Words{"ignored abc", "request 3 x", "reset 3"});
  CHECK(peer.said() == Words{"RST 3 1"});
  peer.give(frame(FrameType::priority, 0, 9, std::string("\0\0\0\1\x10", 5)));
  CHECK(peer.said().empty());
  peer.give(headers(5, "x", kEndHeaders) + frame(FrameType::priority, 0, 5, "1234"));
  CHECK(peer.said() == Words{"RST 5 6"});
  // A stream that has not begun cannot be reset.
  CHECK(failure(frame(FrameType::priority, 0, 9, "1234")) == "6 h2_priority");
  CHECK(failure(frame(FrameType::priority, 0, 9, std::string("\0\0\0\x09\x10", 5))) ==
        "1 h2_priority");
}

TEST_CASE("session: streams of the server are idle, as it begins none") {
  CHECK(failure(headers(3, "x") + frame(FrameType::priority, 0, 2, "1234")) == "6 h2_priority");
  CHECK(failure(headers(3, "x") + data(2, "y")) == "1 h2_stream_id");
  CHECK(failure(headers(3, "x") + rst(2)) == "1 h2_stream_id");
  CHECK(failure(headers(3, "x") + window_update(2, 1)) == "1 h2_stream_id");
}

TEST_CASE("session: the ids of streams grow") {
  CHECK(failure(headers(3, "x") + headers(1, "y")) == "5 h2_stream_closed");
  CHECK(failure(headers(3, "x") + headers(5, "y")) == "none");
}

TEST_CASE("session: frames after the client's end of a stream") {
  CHECK(failure(headers(1, "x") + headers(1, "y")) == "5 h2_stream_closed");
  Peer peer;
  peer.begin();
  peer.give(headers(1, "x") + data(1, "abc"));
  CHECK(peer.take_events() == Words{"request whole 1 x", "reset 1"});
  CHECK(peer.said() == Words{"RST 1 5"});
  peer.give(data(1, "more") + headers(1, "t") + window_update(1, 5) + rst(1));
  CHECK(peer.take_events() == Words{"ignored t"});
  CHECK_FALSE(peer.session.has_failed());
}

TEST_CASE("session: frames after the client's reset of a stream") {
  CHECK(failure(headers(1, "x", kEndHeaders) + rst(1) + data(1, "y")) == "5 h2_stream_closed");
  CHECK(failure(headers(1, "x", kEndHeaders) + rst(1) + headers(1, "y")) == "5 h2_stream_closed");
  CHECK(failure(headers(1, "x", kEndHeaders) + rst(1) + window_update(1, 1) + rst(1)) == "none");
}

TEST_CASE("session: a trailer ends a request, and nothing else may follow its body") {
  Peer peer;
  peer.begin();
  peer.give(headers(1, "x", kEndHeaders) + data(1, "abc") + headers(1, "t"));
  CHECK(peer.take_events() == Words{"request 1 x", "body 1 3", "trailer 1 t"});
  CHECK(peer.stream(1).client_has_ended());
  peer.give(headers(3, "x", kEndHeaders) + headers(3, "t", kEndHeaders));
  CHECK(peer.take_events() == Words{"request 3 x", "ignored t", "reset 3"});
  CHECK(peer.said() == Words{"RST 3 1"});
}

TEST_CASE("session: the hundred and first stream is refused") {
  Peer peer;
  peer.begin();
  for (std::uint32_t i = 0; i < kMostStreams; ++i) peer.give(headers(2 * i + 1, "x"));
  CHECK(peer.take_events().size() == kMostStreams);
  peer.give(headers(201, "y"));
  CHECK(peer.take_events() == Words{"ignored y"});
  CHECK(peer.said() == Words{"RST 201 7"});
  peer.session.close(peer.stream(1), ErrorCode::cancel);
  CHECK(peer.said() == Words{"RST 1 8"});
  peer.give(headers(203, "z"));
  CHECK(peer.take_events() == Words{"request whole 203 z"});
}

TEST_CASE("session: unknown frames and flags are ignored") {
  CHECK(failure(frame(static_cast<FrameType>(99), 0xff, 7, "whatever") +
                frame(FrameType::ping, 0xfe, 0, "12345678") + headers(1, "x", 0xd5)) == "none");
}

TEST_CASE("session: the end is announced, confirmed by a ping, and later requests are ignored") {
  Peer peer;
  peer.begin();
  peer.give(headers(1, "x"));
  peer.session.announce_end();
  peer.session.announce_end();
  CHECK(peer.said() == Words{"GOAWAY 0 last 2147483647 code 0", "PING 0"});
  peer.give(headers(3, "under way"));
  CHECK(peer.session.takes_requests());
  peer.give(frame(FrameType::ping, kAck, 0, "graceful"));
  CHECK_FALSE(peer.session.takes_requests());
  CHECK(peer.said() == Words{"GOAWAY 0 last 3 code 0"});
  peer.take_events();
  peer.give(headers(5, "late", kEndHeaders) + data(5, "abc", true) + rst(5) + window_update(5, 1));
  CHECK(peer.take_events() == Words{"ignored late"});
  CHECK_FALSE(peer.session.has_failed());
}

TEST_CASE("session: the client's GOAWAY") {
  Peer peer;
  peer.begin();
  peer.give(headers(1, "x", kEndHeaders));
  peer.give(frame(FrameType::goaway, 0, 0, std::string(8, '\0')));
  CHECK(peer.session.client_is_leaving());
  peer.give(data(1, "abc", true));
  CHECK(peer.take_events() == Words{"request 1 x", "body end 1 3"});
}
