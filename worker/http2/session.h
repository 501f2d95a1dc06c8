// One HTTP/2 connection of a client: frames, streams, windows and what it may cost
// (RFC 9113 sections 3 to 7).
//
// Pure: bytes in, calls of a SessionUser and bytes out; no socket, no clock, no allocation per
// frame. Header blocks pass as they are; hpack.h decodes and encodes them. The user owns the
// streams and sends what output() holds.
//
// Verdicts do not depend on how the bytes are split, but for a frame that is late: whether its
// stream has ended before is a matter of time. What breaks the rules of one stream resets that
// stream; what breaks those of the connection ends all of it: has_failed(), after a GOAWAY. Memory:
// an unread body is bounded by 64 KiB and what the user grants, output by kMostOutput and the heads
// of the open streams, and an idle session owns no buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http2/budget.h"
#include "worker/http2/frame.h"
#include "worker/http2/stream.h"
#include "worker/http2/window.h"

namespace worker::http2 {

inline constexpr std::uint32_t kMostStreams = 100;    // of a connection at a time
inline constexpr std::size_t kMostContinuations = 8;  // of a header block
// Output beyond this waits in the streams, in the order of their urgency.
inline constexpr std::size_t kMostOutput = std::size_t{64} * 1024;

// What a session tells. Streams may be closed, but not opened, in any call but on_request().
class SessionUser {
 public:
  // The header block of a new request. The user opens the stream, or resets it by its id.
  virtual void on_request(std::uint32_t id, std::string_view block, bool is_ended) = 0;
  // The header block behind the body of a request.
  virtual void on_trailer(Stream& stream, std::string_view block) = 0;
  // A header block without a stream. The user decodes it all the same, as it may change the table.
  virtual void on_ignored_block(std::string_view block) = 0;
  // Bytes of a body came, or its end.
  virtual void on_body(Stream& stream) = 0;
  // The stream was reset, by the client or for a fault, and is closed.
  virtual void on_reset(Stream& stream) = 0;
  // Nothing of the stream's output waits any more.
  virtual void on_drained(Stream& stream) = 0;
  // Whether `bytes` more of a body may wait for their turn. If not, the client gets the
  // connection's window back only when they are read, and until then may not send for its other
  // streams.
  virtual bool grant(std::size_t bytes) = 0;
  virtual void give_back_grant(std::size_t bytes) = 0;
  // Sends output() now, as much as the client takes.
  virtual void on_output_full() = 0;

 protected:
  ~SessionUser() = default;
};

class Session {
 public:
  struct Options {
    std::size_t most_block = 0;        // bytes of a header block, compressed
    std::size_t most_header_list = 0;  // announced: bytes of a header block, decoded
  };
  // Why a connection had to end.
  struct Failure {
    ErrorCode code = ErrorCode::no_error;
    std::string_view reason;  // for the access record; a literal
  };

  Session(SessionUser& user, const Options& options) : user_(user), options_(options) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();  // sends our settings

  // Takes whole frames, and DATA as it comes. Returns how many bytes were taken; the caller keeps
  // the others for the next call. Stops after `most_frames` frames.
  std::size_t take(std::string_view bytes, std::size_t most_frames, std::uint64_t now_ms);
  // take() has stopped at `most_frames`: more whole frames may be here.
  bool is_behind() const { return is_behind_; }
  bool has_failed() const { return failure_.code != ErrorCode::no_error; }
  const Failure& failure() const { return failure_; }
  // Ends the connection: GOAWAY, and no frame is taken any more.
  void fail(ErrorCode code, std::string_view reason);

  // --- streams
  bool has_room() const { return streams_.size() < kMostStreams; }
  bool has_streams() const { return !streams_.empty(); }
  const std::vector<Stream*>& streams() const { return streams_; }
  // From on_request() only.
  void open(Stream& stream, std::uint32_t id, bool is_ended);
  // Resets a stream that was not opened. `tokens` as for charge().
  void reject(std::uint32_t id, ErrorCode code, std::int64_t tokens);
  // The last call for a stream. Where something is left to be said, or to be heard, of it, resets
  // it with `code`.
  void close(Stream& stream, ErrorCode code);
  // Moves unread bytes of the body to `buffer`, and gives the windows back.
  std::size_t read(Stream& stream, char* buffer, std::size_t size);

  // Appends a header block: an interim head, or the final one. `is_last`: no body follows.
  void send_head(Stream& stream, std::string_view block, bool is_last);
  // What the windows and the socket do not take waits in the stream, up to on_drained(). `trailer`
  // is a header block or empty.
  void send_body(Stream& stream, std::string_view data, bool is_last, std::string_view trailer);
  // How many bytes of a body the client takes at once.
  std::size_t room(const Stream& stream) const;

  // The client asks nothing for a while: gives memory back.
  void rest();

  // --- output
  std::string& output() { return out_; }
  // There is room again: goes on with what waits.
  void resume();

  // --- the end
  // Announces the end: GOAWAY that lets requests which are under way come in, and a PING. Its
  // answer calls end_requests().
  void announce_end();
  // GOAWAY with the last stream. Later ones are ignored.
  void end_requests();
  bool takes_requests() const { return ending_ != Ending::final; }
  bool client_is_leaving() const { return client_is_leaving_; }  // it sent GOAWAY

  // Takes tokens for work that brought no progress.
  void charge(std::int64_t tokens);

 private:
  enum class Ending : std::uint8_t { none, announced, final };
  // What the next bytes are.
  enum class Expecting : std::uint8_t { preface, settings, frames };
  // A HEADERS frame with its CONTINUATIONs.
  struct Block {
    std::size_t size = 0;  // of all frames; 0 = incomplete
    std::string_view text;
    bool depends_on_itself = false;
  };
  // The DATA frame that is being received.
  struct Data {
    std::uint32_t stream = 0;
    std::size_t left = 0;
    std::size_t padding = 0;
    bool is_last = false;
    bool is_wanted = false;  // the stream is open
  };

  // session.cc
  std::size_t take_preface(std::string_view bytes);
  std::size_t take_frame(std::string_view bytes);
  bool check_header(const FrameHeader& header);
  std::size_t take_headers(const FrameHeader& header, std::string_view bytes);
  Block find_block(const FrameHeader& header, std::string_view bytes);
  bool first_fragment(const FrameHeader& header, std::string_view payload, Block& block);
  void on_headers(const FrameHeader& header, const Block& block);
  void on_new_stream(const FrameHeader& header, const Block& block);
  void ignore(const Block& block);

  // session_data.cc
  std::size_t begin_data(const FrameHeader& header, std::string_view bytes);
  bool find_data_stream(const FrameHeader& header);
  std::size_t take_data(std::string_view bytes);
  void receive(Stream& stream, std::string_view part);
  void end_data();
  void client_ends(Stream& stream);                  // END_STREAM has come
  void give_back(std::size_t bytes, bool may_grow);  // of the connection's window
  void give_back(Stream& stream, std::size_t bytes, bool may_grow);

  // session_control.cc
  void take_control(const FrameHeader& header, std::string_view payload);
  void take_settings(const FrameHeader& header, std::string_view payload);
  bool apply(std::uint16_t setting, std::uint32_t value);
  bool change_initial_window(std::uint32_t value);
  void take_window_update(const FrameHeader& header, std::string_view payload);
  void take_rst_stream(const FrameHeader& header, std::string_view payload);
  void take_priority(const FrameHeader& header, std::string_view payload);
  void take_priority_update(const FrameHeader& header, std::string_view payload);
  void take_ping(const FrameHeader& header, std::string_view payload);
  void take_goaway(const FrameHeader& header, std::string_view payload);

  // session_output.cc
  std::size_t put_data(Stream& stream, std::string_view data, bool is_last, std::size_t most);
  bool put_waiting(Stream& stream);
  void put_end(Stream& stream);
  void server_ends(Stream& stream);
  bool has_output_room();
  Stream* next_waiting();
  void wait(Stream& stream);
  void stop_waiting(Stream& stream);

  Stream* find(std::uint32_t id);
  void unregister(Stream& stream);
  void reset(std::uint32_t id, ErrorCode code);
  // Resets for a fault of the client, and tells the user.
  void stream_error(std::uint32_t id, ErrorCode code);
  void note_reset(std::uint32_t id);
  bool was_reset(std::uint32_t id) const;
  // Whether frames of a stream that is not open are to be ignored.
  bool is_ignored(std::uint32_t id) const;
  // Whether the stream has not begun. Pound never begins one, so those with even ids are idle.
  bool is_idle(std::uint32_t id) const { return id % 2 == 0 || (id > last_id_ && !is_ignored(id)); }

  SessionUser& user_;
  Options options_;
  Failure failure_;
  Expecting expecting_ = Expecting::preface;
  Ending ending_ = Ending::none;
  bool client_is_leaving_ = false;
  bool has_sent_block_ = false;
  bool is_behind_ = false;
  bool window_has_opened_ = false;
  std::uint8_t unacknowledged_ = 0;  // our SETTINGS
  std::uint32_t last_id_ = 0;        // the highest stream that the client has begun
  std::uint64_t now_ms_ = 0;
  Data data_;
  SendWindow send_window_;
  ReceiveWindow receive_window_;
  std::int64_t initial_window_ = kInitialWindow;  // of the client
  Budget budget_;
  std::vector<Stream*> streams_;       // in the order of their ids
  std::vector<Stream*> waiting_;       // in turn
  std::vector<std::uint32_t> resets_;  // streams that we have reset, a ring
  std::size_t next_reset_ = 0;
  std::string out_;
  std::string block_;  // of several frames
};

}  // namespace worker::http2
