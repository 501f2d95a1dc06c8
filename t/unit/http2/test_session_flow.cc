// Windows, the order of output, and what work without progress costs.
#include <doctest/doctest.h>

#include <string>

#include "session_harness.h"
#include "worker/http2/session.h"

using namespace http2_test;

namespace {

constexpr std::size_t kWindow = 65'535;

std::string failure(Peer& peer) {
  return std::to_string(static_cast<int>(peer.session.failure().code)) + ' ' +
         std::string(peer.session.failure().reason);
}

// Requests of the streams 1, 3, …
void open(Peer& peer, std::uint32_t count, std::uint8_t flags = kEndHeaders | kEndStream) {
  peer.begin();
  for (std::uint32_t i = 0; i < count; ++i) peer.give(headers(2 * i + 1, "x", flags));
  peer.take_events();
}

std::string bytes_of_data(std::size_t size) { return std::string(size, 'd'); }

// DATA of `size` bytes in whole frames.
std::string body(std::uint32_t stream, std::size_t size) {
  std::string out;
  for (; size != 0;) {
    const std::size_t part = std::min(size, kMaxPayload);
    out += data(stream, bytes_of_data(part));
    size -= part;
  }
  return out;
}

}  // namespace

TEST_CASE("session: a response goes out as a head and data") {
  Peer peer;
  open(peer, 2);
  peer.session.send_head(peer.stream(1), "head", false);
  peer.session.send_body(peer.stream(1), "hello", false, {});
  peer.session.send_body(peer.stream(1), "you", true, {});
  CHECK(peer.said() == Words{"HEADERS 1 \x20head", "DATA 1 hello", "DATA 1 you END"});
  CHECK(peer.stream(1).state == Stream::State::done);
  peer.session.close(peer.stream(1), ErrorCode::no_error);
  CHECK(peer.said().empty());
  // Only the first block of a connection begins with the size of the table.
  peer.session.send_head(peer.stream(3), "head", true);
  CHECK(peer.said() == Words{"HEADERS 3 head END"});
}

TEST_CASE("session: an empty last part, and a trailer") {
  Peer peer;
  open(peer, 2);
  peer.session.send_head(peer.stream(1), "h", false);
  peer.session.send_body(peer.stream(1), "", true, {});
  CHECK(peer.said() == Words{"HEADERS 1 \x20h", "DATA 1 END"});
  peer.session.send_head(peer.stream(3), "h", false);
  peer.session.send_body(peer.stream(3), "abc", true, "t");
  CHECK(peer.said() == Words{"HEADERS 3 h", "DATA 3 abc", "HEADERS 3 t END"});
}

TEST_CASE("session: a long block goes out as HEADERS and CONTINUATION") {
  Peer peer;
  open(peer, 1);
  peer.session.send_head(peer.stream(1), std::string(kMaxPayload, 'x'), true);
  CHECK(peer.said() == Words{"HEADERS 1 16384 bytes END", "CONTINUATION 1 x"});
}

TEST_CASE("session: a response before the request's end, and the reset that follows") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.session.send_head(peer.stream(1), "h", true);
  CHECK(peer.stream(1).state == Stream::State::server_done);
  peer.session.close(peer.stream(1), ErrorCode::no_error);
  CHECK(peer.said() == Words{"HEADERS 1 \x20h END", "RST 1 0"});
  peer.give(data(1, "under way"));
  CHECK_FALSE(peer.session.has_failed());
}

TEST_CASE("session: the stream's window holds data back") {
  Peer peer;
  open(peer, 1);
  peer.give(window_update(0, 1'000'000));
  peer.session.send_body(peer.stream(1), bytes_of_data(kWindow + 3), true, {});
  CHECK(peer.said() == Words{"DATA 1 16384 bytes", "DATA 1 16384 bytes", "DATA 1 16384 bytes",
                             "DATA 1 16383 bytes"});
  CHECK(peer.stream(1).held() == 3);
  CHECK(peer.take_events().empty());
  peer.give(window_update(1, 2));
  CHECK(peer.said() == Words{"DATA 1 dd"});
  CHECK(peer.take_events().empty());
  peer.give(window_update(1, 2));
  CHECK(peer.said() == Words{"DATA 1 d END"});
  CHECK(peer.take_events() == Words{"drained 1"});
}

TEST_CASE("session: the connection's window is shared in turn, and by urgency") {
  Peer peer;
  open(peer, 4);
  peer.session.send_body(peer.stream(1), bytes_of_data(kWindow), true, {});
  peer.session.close(peer.stream(1), ErrorCode::no_error);
  peer.said();
  for (const std::uint32_t id : {3u, 5u, 7u}) {
    peer.session.send_body(peer.stream(id), bytes_of_data(100'000), true, {});
  }
  CHECK(peer.said().empty());
  for (const std::uint32_t id : {3u, 5u}) peer.stream(id).is_incremental = true;
  peer.stream(7).urgency = 4;
  peer.give(window_update(0, 3 * kMaxPayload));
  CHECK(peer.said() == Words{"DATA 3 16384 bytes", "DATA 5 16384 bytes", "DATA 3 16384 bytes"});
  peer.give(frame(FrameType::priority_update, 0, 0, u32(7) + "u=1"));
  peer.give(window_update(0, 5 * kMaxPayload));
  // Not incremental: it keeps its turn, until its own window is used up.
  CHECK(peer.said() == Words{"DATA 7 16384 bytes", "DATA 7 16384 bytes", "DATA 7 16384 bytes",
                             "DATA 7 16383 bytes", "DATA 5 16384 bytes", "DATA 3 d"});
}

TEST_CASE("session: settings change the windows of open streams, even below zero") {
  Peer peer;
  open(peer, 1);
  peer.session.send_body(peer.stream(1), bytes_of_data(10), false, {});
  peer.give(frame(FrameType::settings, 0, 0, setting(4, 5)));
  CHECK(peer.said() == Words{"DATA 1 dddddddddd", "SETTINGS 0 ack"});
  peer.session.send_body(peer.stream(1), "abc", true, {});
  peer.give(window_update(1, 5));
  CHECK(peer.said().empty());
  peer.give(window_update(1, 1));
  CHECK(peer.said() == Words{"DATA 1 a"});
  peer.give(frame(FrameType::settings, 0, 0, setting(4, 100)));
  CHECK(peer.said() == Words{"SETTINGS 0 ack", "DATA 1 bc END"});
}

TEST_CASE("session: windows cannot grow beyond 2^31 - 1, nor by nothing") {
  Peer stream;
  open(stream, 1);
  stream.give(window_update(1, 0x7fff'ffff - 65'535));
  CHECK(stream.said().empty());
  stream.give(window_update(1, 1));
  CHECK(stream.said() == Words{"RST 1 3"});
  Peer zero;
  open(zero, 1);
  zero.give(window_update(1, 0));
  CHECK(zero.said() == Words{"RST 1 1"});
  zero.give(window_update(0, 0));
  CHECK(failure(zero) == "1 h2_window");
  Peer connection;
  open(connection, 0);
  connection.give(window_update(0, 0x7fff'ffff - 65'535));
  CHECK_FALSE(connection.session.has_failed());
  connection.give(window_update(0, 1));
  CHECK(failure(connection) == "3 h2_window");
}

TEST_CASE("session: settings out of range") {
  const auto verdict = [](std::uint16_t id, std::uint32_t value) {
    Peer peer;
    open(peer, 1);
    peer.give(frame(FrameType::settings, 0, 0, setting(id, value)));
    return peer.session.has_failed() ? failure(peer) : "fine";
  };
  CHECK(verdict(1, 0xffff'ffff) == "fine");
  CHECK(verdict(2, 1) == "fine");
  CHECK(verdict(2, 2) == "1 h2_setting");
  CHECK(verdict(4, 0x7fff'ffff) == "fine");
  CHECK(verdict(4, 0x8000'0000) == "3 h2_window");
  CHECK(verdict(5, 16'383) == "1 h2_setting");
  CHECK(verdict(5, 16'384) == "fine");
  CHECK(verdict(5, (1u << 24) - 1) == "fine");
  CHECK(verdict(5, 1u << 24) == "1 h2_setting");
  CHECK(verdict(8, 2) == "1 h2_setting");
  CHECK(verdict(9, 2) == "1 h2_setting");
  CHECK(verdict(77, 0xffff'ffff) == "fine");
}

TEST_CASE("session: a body that is not taken closes the windows") {
  Peer peer;
  open(peer, 2, kEndHeaders);
  peer.give(body(1, 60'000));
  CHECK(peer.said().empty());
  CHECK(peer.read(1, 10'000).size() == 10'000);
  CHECK(peer.said().empty());
  CHECK(peer.read(1, 25'000).size() == 25'000);
  CHECK(peer.said() == Words{"WINDOW 0 35000", "WINDOW 1 35000"});
  peer.give(body(1, 40'535));
  CHECK_FALSE(peer.session.has_failed());
  peer.give(data(1, "x"));
  CHECK(failure(peer) == "3 h2_window");
}

TEST_CASE("session: a stream's own window") {
  Peer peer;
  open(peer, 2, kEndHeaders);
  peer.give(body(3, 40'000));
  peer.read(3, 40'000);
  peer.said();
  peer.session.close(peer.stream(3), ErrorCode::cancel);
  peer.said();
  peer.give(body(1, 65'535));
  CHECK_FALSE(peer.session.has_failed());
  peer.give(data(1, "x"));
  CHECK(peer.said() == Words{"RST 1 3"});
}

TEST_CASE("session: padding opens both windows again") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  const std::string padded = frame(FrameType::data, kPadded, 1, "\xff" + std::string(255, '\0'));
  for (int i = 0; i < 127; ++i) peer.give(padded);
  CHECK(peer.said().empty());
  peer.give(padded);  // 128 times 256 bytes
  CHECK(peer.said() == Words{"WINDOW 0 32768", "WINDOW 1 32768"});
  peer.give(frame(FrameType::data, kPadded | kEndStream, 1, std::string("\x01x\0", 3)));
  CHECK(peer.read(1) == "x");
  CHECK(peer.said().empty());
}

TEST_CASE("session: windows grow fourfold while all is taken at once, up to 8 MiB") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.reads_bodies = true;
  peer.grants_left = 100'000'000;
  Words updates;
  for (int i = 0; i < 1'000; ++i) {
    peer.give(body(1, kMaxPayload));
    for (std::string& word : peer.said()) updates.push_back(word);
  }
  CHECK_FALSE(peer.session.has_failed());
  REQUIRE(updates.size() > 10);
  // 32768 bytes were used, and three times 65535 are the growth.
  CHECK(updates[0] == "WINDOW 0 229373");
  CHECK(updates[1] == "WINDOW 1 229373");
  CHECK(updates.back() == "WINDOW 1 4194304");
  CHECK(peer.grants_left == 100'000'000 - (8 * 1024 * 1024 - 65'535));
  peer.session.close(peer.stream(1), ErrorCode::cancel);
  CHECK(peer.grants_left == 100'000'000);
}

TEST_CASE("session: without memory a stream's window does not grow") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.reads_bodies = true;
  peer.grants_left = kMaxPayload;
  peer.give(body(1, 2 * kMaxPayload));
  CHECK(peer.said() == Words{"WINDOW 0 229373", "WINDOW 1 32768"});
}

TEST_CASE("session: what nobody reads any more still opens the connection's window") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.give(body(1, 40'000));
  peer.session.close(peer.stream(1), ErrorCode::cancel);
  CHECK(peer.said() == Words{"WINDOW 0 40000", "RST 1 8"});
  peer.give(body(1, 40'000));
  CHECK(peer.said() == Words{"WINDOW 0 32768"});
}

TEST_CASE("session: output that the socket does not take waits in the streams") {
  Peer peer;
  open(peer, 2);
  peer.give(window_update(0, 10'000'000) + window_update(1, 10'000'000));
  peer.takes_output = false;
  peer.session.send_body(peer.stream(1), bytes_of_data(200'000), true, {});
  CHECK(peer.session.output().size() >= kMostOutput);
  CHECK(peer.session.output().size() < kMostOutput + kMaxPayload + kFrameHeader);
  CHECK(peer.stream(1).held() > 100'000);
  // A head is not held back.
  peer.session.send_head(peer.stream(3), "h", false);
  CHECK(peer.said().back() == "HEADERS 3 \x20h");
  peer.takes_output = true;
  peer.session.resume();
  CHECK(peer.stream(1).held() == 0);
  CHECK(peer.take_events() == Words{"drained 1"});
}

TEST_CASE("session: resets, pings and other frames without progress are paid for") {
  const auto survives = [](std::int64_t count, const std::string& bytes) {
    Peer peer;
    open(peer, 1, kEndHeaders);
    for (std::int64_t i = 0; i < count; ++i) peer.give(bytes);
    if (peer.session.has_failed()) CHECK(failure(peer) == "11 h2_flood");
    return !peer.session.has_failed();
  };
  const std::int64_t most = Budget::kFull - 1;  // the client's first settings cost a token
  for (const std::string& bytes :
       {frame(FrameType::ping, 0, 0, "12345678"), frame(FrameType::settings, 0, 0),
        frame(FrameType::priority, 0, 9, "12345"), window_update(0, 1), window_update(1, 1),
        data(1, ""), frame(static_cast<FrameType>(99), 0, 0),
        frame(FrameType::priority_update, 0, 0, u32(1))}) {
    CHECK(survives(most, bytes));
    CHECK_FALSE(survives(most + 1, bytes));
  }
}

TEST_CASE("session: rapid resets exhaust the budget, and time fills it again") {
  Peer peer;
  peer.begin();
  std::uint32_t id = 1;
  const auto reset = [&](std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, id += 2) peer.give(headers(id, "x") + rst(id));
  };
  reset((Budget::kFull - 1) / Budget::kReset);
  CHECK_FALSE(peer.session.has_failed());
  peer.now_ms += 1'000 * Budget::kReset / Budget::kPerSecond;
  reset(1);
  CHECK_FALSE(peer.session.has_failed());
  reset(1);
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: what we have to reset is paid for as well") {
  Peer peer;
  peer.begin();
  std::int64_t count = 0;
  for (std::uint32_t id = 1; !peer.session.has_failed(); id += 2, ++count) {
    peer.give(headers(id, "x") + window_update(id, 0));
  }
  CHECK(count == (Budget::kFull - 1) / (Budget::kFault + Budget::kFrame) + 1);
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: small DATA costs, and responses and bodies earn") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.reads_bodies = true;
  for (int i = 0; i < 1'000; ++i) peer.give(data(1, "x"));
  for (int i = 0; i < 1'000; ++i) peer.give(data(1, bytes_of_data(1'024)));
  for (int i = 0; i < 1'900; ++i) peer.give(data(1, "x"));
  CHECK_FALSE(peer.session.has_failed());
  for (int i = 0; i < 200; ++i) peer.give(data(1, "x"));
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: messages in a tunnel may be short, and cannot be empty") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.reads_bodies = true;
  peer.stream(1).is_tunnel = true;
  for (int i = 0; i < 5'000; ++i) peer.give(data(1, "x"));
  CHECK_FALSE(peer.session.has_failed());
  for (std::int64_t i = 0; i <= Budget::kFull; ++i) peer.give(data(1, ""));
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: the windows of parts that went out whole are given back for nothing") {
  Peer peer;
  open(peer, 1);
  for (int i = 0; i < 5'000; ++i) {
    peer.session.send_body(peer.stream(1), "x", false, {});
    peer.give(window_update(0, 1) + window_update(1, 1));
  }
  CHECK_FALSE(peer.session.has_failed());
  // A byte at a time, because there is more than the windows take.
  peer.session.send_body(peer.stream(1), bytes_of_data(kWindow + 5'000), false, {});
  std::int64_t count = 0;
  for (; !peer.session.has_failed(); ++count) peer.give(window_update(0, 1) + window_update(1, 1));
  CHECK(count < Budget::kFull / 2 + 100);
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: bodies that wait do not keep the window from others, as far as memory goes") {
  Peer peer;
  open(peer, 3, kEndHeaders);
  peer.grants_left = 70'000;
  peer.give(body(1, 60'000));
  CHECK(peer.said() == Words{"WINDOW 0 32768"});
  peer.give(body(3, 20'000));
  // Its first frame was too large for what was left of the grants, the second was not.
  CHECK(peer.grants_left == 10'000 - (20'000 - kMaxPayload));
  CHECK_FALSE(peer.session.has_failed());
  peer.read(1);
  CHECK(peer.grants_left == 70'000 - (20'000 - kMaxPayload));
  peer.session.close(peer.stream(3), ErrorCode::cancel);
  CHECK(peer.grants_left == 70'000);
}

TEST_CASE("session: data for streams that were reset are paid for") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.session.close(peer.stream(1), ErrorCode::no_error);
  std::int64_t count = 0;
  for (; !peer.session.has_failed(); ++count) {
    peer.give(data(1, bytes_of_data(kMaxPayload)));
    peer.said();
  }
  CHECK(count == Budget::kFull);
  CHECK(failure(peer) == "11 h2_flood");
}

TEST_CASE("session: header blocks that nobody wants are paid for") {
  const auto most = [](Peer& peer, std::uint32_t id) {
    std::int64_t count = 0;
    for (; !peer.session.has_failed(); ++count) peer.give(headers(id, "x"));
    CHECK(failure(peer) == "11 h2_flood");
    return count;
  };
  Peer reset;
  open(reset, 1, kEndHeaders);
  reset.session.close(reset.stream(1), ErrorCode::no_error);
  CHECK(most(reset, 1) == Budget::kFull / Budget::kReset);
  Peer ending;
  open(ending, 1);
  ending.session.end_requests();
  CHECK(most(ending, 3) == Budget::kFull / Budget::kReset);
}

TEST_CASE("session: a stream that is used again keeps little memory") {
  Peer peer;
  open(peer, 1, kEndHeaders);
  peer.give(body(1, 60'000));
  peer.session.send_body(peer.stream(1), bytes_of_data(200'000), true, {});
  Stream& stream = peer.stream(1);
  CHECK(stream.received.capacity() >= 60'000);
  CHECK(stream.body.capacity() >= 130'000);
  peer.session.close(stream, ErrorCode::cancel);
  CHECK(stream.received.capacity() < 100);
  CHECK(stream.body.capacity() < 100);
}

TEST_CASE("session: updates that come together make one frame, and cost less than DATA earn") {
  Peer peer;
  open(peer, 1);
  peer.session.send_body(peer.stream(1), bytes_of_data(kWindow + 100'000), true, {});
  peer.said();
  std::string updates;
  for (int i = 0; i < 10; ++i) updates += window_update(0, 100) + window_update(1, 100);
  peer.give(updates);
  CHECK(peer.said() == Words{"DATA 1 1000 bytes"});
  // A client that answers each frame with two updates.
  const auto answer = [&](int count, std::uint32_t bytes) {
    for (int i = 0; i < count; ++i) peer.give(window_update(0, bytes) + window_update(1, bytes));
  };
  answer(4'000, 16);
  CHECK_FALSE(peer.session.has_failed());
  answer(1'000, 15);
  CHECK_FALSE(peer.session.has_failed());
  answer(10, 15);
  CHECK(failure(peer) == "11 h2_flood");
}
