// One HTTP/2 connection of a client, its header blocks and its streams: see session.h.
#include "worker/http2/session.h"

#include <algorithm>

namespace worker::http2 {

namespace {

// How many streams that we have reset are remembered. Frames of these that were under way are
// ignored. More resets than this within one round trip exhaust the budget.
constexpr std::size_t kMostResets = 128;

constexpr std::size_t kPriorityFields = 5;

// Streams are used again, and keep memory up to this size, in bytes.
constexpr std::size_t kMostKept = 16'384;

void clear(std::string& text) {
  if (text.capacity() > kMostKept) {
    std::string().swap(text);
  } else {
    text.clear();
  }
}

bool is_before(const Stream* stream, std::uint32_t id) { return stream->id < id; }

}  // namespace

void Session::start() {
  std::string settings;
  append_setting(settings, Setting::max_concurrent_streams, kMostStreams);
  append_setting(settings, Setting::max_header_list_size,
                 static_cast<std::uint32_t>(options_.most_header_list));
  append_setting(settings, Setting::enable_connect_protocol, 1);
  append_setting(settings, Setting::no_rfc7540_priorities, 1);
  append_settings(out_, settings);
  unacknowledged_ = 1;
}

std::size_t Session::take(std::string_view bytes, std::size_t most_frames, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  std::size_t taken = 0;
  if (expecting_ == Expecting::preface) {
    taken = take_preface(bytes);
    if (taken == 0) return 0;
  }
  is_behind_ = false;
  for (std::size_t i = 0; !has_failed(); ++i) {
    if (i == most_frames) {
      is_behind_ = true;
      break;
    }
    const std::string_view rest = bytes.substr(taken);
    const bool in_data = data_.left + data_.padding != 0;
    const std::size_t step = in_data ? take_data(rest) : take_frame(rest);
    if (step == 0) break;
    taken += step;
  }
  // After all frames, so that many small updates do not make as many small frames.
  if (window_has_opened_ && !has_failed()) resume();
  window_has_opened_ = false;
  return has_failed() ? bytes.size() : taken;
}

std::size_t Session::take_preface(std::string_view bytes) {
  const std::string_view part = bytes.substr(0, kPreface.size());
  if (!kPreface.starts_with(part)) {
    fail(ErrorCode::protocol_error, "h2_preface");
    return 0;
  }
  if (part.size() < kPreface.size()) return 0;
  expecting_ = Expecting::settings;
  return part.size();
}

std::size_t Session::take_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeader) return 0;
  const FrameHeader header = parse_frame_header(bytes.data());
  if (!check_header(header)) return 0;
  if (header.type == FrameType::data) return begin_data(header, bytes);
  if (header.type == FrameType::headers) return take_headers(header, bytes);
  const std::size_t size = kFrameHeader + header.length;
  if (bytes.size() < size) return 0;
  take_control(header, bytes.substr(kFrameHeader, header.length));
  return size;
}

bool Session::check_header(const FrameHeader& header) {
  if (expecting_ == Expecting::settings) {
    if (header.type != FrameType::settings || header.has(kAck)) {
      fail(ErrorCode::protocol_error, "h2_preface");
      return false;
    }
    expecting_ = Expecting::frames;
  }
  if (header.length > kMaxPayload) {
    fail(ErrorCode::frame_size_error, "h2_frame_size");
    return false;
  }
  return true;
}

// --- header blocks

std::size_t Session::take_headers(const FrameHeader& header, std::string_view bytes) {
  const Block block = find_block(header, bytes);
  if (block.size != 0) on_headers(header, block);
  clear(block_);
  return block.size;
}

// Nothing may come between the frames of a block. So they are judged as one, once all are here.
Session::Block Session::find_block(const FrameHeader& header, std::string_view bytes) {
  Block block;
  FrameHeader frame = header;
  std::size_t at = 0;
  block_.clear();
  for (std::size_t count = 0;; ++count) {
    const std::size_t end = at + kFrameHeader + frame.length;
    if (end > options_.most_block || count > kMostContinuations) {
      fail(ErrorCode::enhance_your_calm, "h2_block_too_long");
      return {};
    }
    if (bytes.size() < end) return {};
    const std::string_view payload = bytes.substr(at + kFrameHeader, frame.length);
    at = end;
    if (count == 0) {
      if (!first_fragment(header, payload, block)) return {};
      if (frame.has(kEndHeaders)) break;
      block_.assign(block.text);
    } else {
      block_.append(payload);
    }
    if (frame.has(kEndHeaders)) {
      block.text = block_;
      break;
    }
    if (bytes.size() - at < kFrameHeader) return {};
    frame = parse_frame_header(bytes.data() + at);
    if (frame.type != FrameType::continuation || frame.stream != header.stream) {
      fail(ErrorCode::protocol_error, "h2_frame_order");
      return {};
    }
    if (frame.length > kMaxPayload) {
      fail(ErrorCode::frame_size_error, "h2_frame_size");
      return {};
    }
  }
  block.size = at;
  return block;
}

// Removes the padding and the fields of the old scheme of priorities.
bool Session::first_fragment(const FrameHeader& header, std::string_view payload, Block& block) {
  std::size_t padding = 0;
  const std::size_t fields =
      (header.has(kPadded) ? 1 : 0) + (header.has(kHasPriority) ? kPriorityFields : 0);
  if (payload.size() < fields) {
    fail(ErrorCode::frame_size_error, "h2_frame_size");
    return false;
  }
  if (header.has(kPadded)) padding = static_cast<unsigned char>(payload.front());
  if (header.has(kHasPriority)) {
    const char* const dependency = payload.data() + (header.has(kPadded) ? 1 : 0);
    block.depends_on_itself = read_u31(dependency) == header.stream;
  }
  if (padding > payload.size() - fields) {
    fail(ErrorCode::protocol_error, "h2_padding");
    return false;
  }
  block.text = payload.substr(fields, payload.size() - fields - padding);
  return true;
}

void Session::on_headers(const FrameHeader& header, const Block& block) {
  const std::uint32_t id = header.stream;
  if (id % 2 == 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  if (id > last_id_) return on_new_stream(header, block);
  Stream* const stream = find(id);
  if (stream == nullptr && !is_ignored(id)) {
    return fail(ErrorCode::stream_closed, "h2_stream_closed");
  }
  if (stream == nullptr) return ignore(block);
  if (stream->client_has_ended()) return fail(ErrorCode::stream_closed, "h2_stream_closed");
  if (!header.has(kEndStream) || block.depends_on_itself) {
    user_.on_ignored_block(block.text);
    return stream_error(id, ErrorCode::protocol_error);
  }
  client_ends(*stream);
  user_.on_trailer(*stream, block.text);
}

// A block has to be decoded for the table, and that costs as much as for a request.
void Session::ignore(const Block& block) {
  user_.on_ignored_block(block.text);
  charge(Budget::kReset);
}

void Session::on_new_stream(const FrameHeader& header, const Block& block) {
  const std::uint32_t id = header.stream;
  if (ending_ == Ending::final) return ignore(block);
  last_id_ = id;
  if (block.depends_on_itself) {
    user_.on_ignored_block(block.text);
    return stream_error(id, ErrorCode::protocol_error);
  }
  if (!has_room()) {
    user_.on_ignored_block(block.text);
    return reject(id, ErrorCode::refused_stream, Budget::kReset);
  }
  user_.on_request(id, block.text, header.has(kEndStream));
}

// --- streams

Stream* Session::find(std::uint32_t id) {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), id, is_before);
  return at != streams_.end() && (*at)->id == id ? *at : nullptr;
}

void Session::open(Stream& stream, std::uint32_t id, bool is_ended) {
  stream.id = id;
  stream.state = is_ended ? Stream::State::client_done : Stream::State::open;
  stream.send_window = SendWindow(initial_window_);
  stream.receive_window = {};
  stream.is_tunnel = stream.ends_body = false;
  stream.yielded = 0;
  streams_.push_back(&stream);
}

void Session::unregister(Stream& stream) {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream.id, is_before);
  streams_.erase(at);
  stop_waiting(stream);
  give_back(stream.unread() - stream.granted, false);
  user_.give_back_grant(stream.granted + stream.reserved);
  stream.granted = stream.reserved = 0;
  stream.taken = stream.sent = 0;
  clear(stream.received);
  clear(stream.body);
  clear(stream.trailer);
  stream.state = Stream::State::closed;
}

void Session::close(Stream& stream, ErrorCode code) {
  if (stream.state == Stream::State::closed) return;
  const bool is_over = stream.state == Stream::State::done;
  const std::uint32_t id = stream.id;
  unregister(stream);
  if (!is_over && !has_failed()) reset(id, code);
}

void Session::reject(std::uint32_t id, ErrorCode code, std::int64_t tokens) {
  reset(id, code);
  charge(tokens);
}

void Session::reset(std::uint32_t id, ErrorCode code) {
  append_rst_stream(out_, id, code);
  note_reset(id);
}

void Session::stream_error(std::uint32_t id, ErrorCode code) {
  Stream* const stream = find(id);
  if (stream != nullptr) unregister(*stream);
  reject(id, code, Budget::kFault);
  if (stream != nullptr) user_.on_reset(*stream);
}

void Session::note_reset(std::uint32_t id) {
  if (resets_.size() < kMostResets) return resets_.push_back(id);
  resets_[next_reset_] = id;
  next_reset_ = (next_reset_ + 1) % kMostResets;
}

bool Session::was_reset(std::uint32_t id) const {
  return std::find(resets_.begin(), resets_.end(), id) != resets_.end();
}

bool Session::is_ignored(std::uint32_t id) const {
  return was_reset(id) || (ending_ == Ending::final && id > last_id_);
}

void Session::charge(std::int64_t tokens) {
  if (!has_failed() && !budget_.spend(tokens, now_ms_)) {
    fail(ErrorCode::enhance_your_calm, "h2_flood");
  }
}

void Session::rest() {
  streams_.shrink_to_fit();
  waiting_.shrink_to_fit();
  std::string().swap(block_);
}

// --- the end

void Session::fail(ErrorCode code, std::string_view reason) {
  if (has_failed()) return;
  failure_ = {code, reason};
  append_goaway(out_, last_id_, code);
}

void Session::announce_end() {
  if (ending_ != Ending::none || has_failed()) return;
  ending_ = Ending::announced;
  append_goaway(out_, kMaxStreamId, ErrorCode::no_error);
  append_ping(out_, "graceful", false);
}

void Session::end_requests() {
  if (ending_ == Ending::final || has_failed()) return;
  ending_ = Ending::final;
  append_goaway(out_, last_id_, ErrorCode::no_error);
}

}  // namespace worker::http2
