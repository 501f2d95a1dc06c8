// Takes the body of one message out of a byte stream: see body_reader.h.
#include "worker/http/body_reader.h"

#include <algorithm>

namespace worker::http {

void BodyReader::start(const Framing& in, std::uint64_t most, RuleSet relaxed) {
  in_ = in;
  data_bytes_ = 0;
  const bool is_empty =
      in.kind == Framing::Kind::none || (in.kind == Framing::Kind::length && in.length == 0);
  state_ = is_empty ? State::whole : State::more;
  if (in.kind == Framing::Kind::chunked) decoder_ = ChunkedDecoder(most, relaxed);
}

BodyReader::Taken BodyReader::take(char* data, std::size_t size) {
  Taken taken{0, 0};
  if (state_ != State::more) return taken;
  switch (in_.kind) {
    case Framing::Kind::none:
      break;
    case Framing::Kind::length:
      taken.consumed = taken.produced =
          static_cast<std::size_t>(std::min<std::uint64_t>(size, in_.length));
      in_.length -= taken.consumed;
      if (in_.length == 0) state_ = State::whole;
      break;
    case Framing::Kind::chunked: {
      const ChunkedDecoder::Result result = decoder_.decode(data, size);
      taken = {result.consumed, result.produced};
      if (result.state == ChunkedDecoder::State::done) state_ = State::whole;
      if (result.state == ChunkedDecoder::State::refused) state_ = State::refused;
      break;
    }
    case Framing::Kind::until_close:
      taken.consumed = taken.produced = size;
      break;
  }
  data_bytes_ += taken.produced;
  return taken;
}

void BodyReader::end_of_stream() {
  if (state_ != State::more) return;
  state_ = in_.kind == Framing::Kind::until_close ? State::whole : State::truncated;
}

std::string_view BodyReader::trailer() const {
  if (state_ != State::whole || in_.kind != Framing::Kind::chunked) return {};
  return decoder_.trailer();
}

std::uint64_t BodyReader::most_left() const {
  if (state_ != State::more) return 0;
  return in_.kind == Framing::Kind::length ? in_.length : kNoLimit;
}

}  // namespace worker::http
