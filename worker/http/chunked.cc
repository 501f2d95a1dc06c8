// The chunked coding: see chunked.h. The decoder reads sizes and trailers byte by byte, since they
// are small. It moves data in runs, and leaves a run alone that is already in place.
#include "worker/http/chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "worker/http/chars.h"
#include "worker/http/fields.h"
#include "worker/http/trailer.h"

namespace worker::http {

bool ChunkedDecoder::fail(Reason reason, std::uint64_t offset) {
  refusal_ = {reason, static_cast<std::size_t>(offset)};
  step_ = Step::refused;
  std::string recent;
  const std::uint64_t count = std::min<std::uint64_t>(framing_bytes_, recent_.size());
  for (std::uint64_t i = framing_bytes_ - count; i != framing_bytes_; ++i) {
    recent.push_back(recent_[i % recent_.size()]);
  }
  excerpt_ = http::excerpt(recent, recent.size() - 1);
  return false;
}

bool ChunkedDecoder::take_size(char c) {
  if (!is(c, kHexChar)) {
    return step_ == Step::size_first ? fail(Reason::chunk_size, offset_) : take_size_end(c);
  }
  if (step_ == Step::size_first) size_ = digits_ = 0;
  step_ = Step::size;
  if (++digits_ > kMaxChunkDigits) return fail(Reason::chunk_size, offset_);
  if (size_ > ~std::uint64_t{0} >> 5) return fail(Reason::chunk_too_large, offset_);
  size_ = size_ << 4 | hex_value(c);
  return true;
}

bool ChunkedDecoder::take_size_end(char c) {
  if (c == '\r') {
    step_ = Step::size_lf;
    return true;
  }
  if (c == '\n') return fail(Reason::chunk_crlf, offset_);
  if (c != ';' && !is_blank(c)) return fail(Reason::chunk_size, offset_);
  step_ = Step::extension;
  extension_ = Extension::size_end;
  return take_extension(c);
}

bool ChunkedDecoder::take_extension(char c) {
  const auto go = [this](Extension next) {
    extension_ = next;
    return true;
  };
  const auto end_line = [this] {
    step_ = Step::size_lf;
    return true;
  };
  if (c == '\n') return fail(Reason::chunk_crlf, offset_);
  if (c != '\r' && ++extension_bytes_ > kMaxChunkExtensions) {
    return fail(Reason::chunk_extensions_too_long, offset_);
  }
  switch (extension_) {
    case Extension::size_end:
      if (c == '\r') return passes_spaces_ ? end_line() : fail(Reason::chunk_space, offset_);
      [[fallthrough]];
    case Extension::end:
      if (is_blank(c)) return true;
      if (c == ';') return go(Extension::name_first);
      break;
    case Extension::name_first:
      if (is_blank(c)) return true;
      if (is(c, kTokenChar)) return go(Extension::name);
      break;
    case Extension::name:
      if (is(c, kTokenChar)) return true;
      if (c == '\r') return end_line();
      [[fallthrough]];
    case Extension::name_end:
      if (c == '=') return go(Extension::value_first);
      if (c == ';') return go(Extension::name_first);
      if (is_blank(c)) return go(Extension::name_end);
      break;
    case Extension::value_first:
      if (is_blank(c)) return true;
      if (c == '"') return go(Extension::quoted);
      if (is(c, kTokenChar)) return go(Extension::value);
      break;
    case Extension::value:
      if (is(c, kTokenChar)) return true;
      [[fallthrough]];
    case Extension::quoted_end:
      if (c == '\r') return end_line();
      if (c == ';') return go(Extension::name_first);
      if (is_blank(c)) return go(Extension::end);
      break;
    case Extension::quoted:
      if (c == '"') return go(Extension::quoted_end);
      if (c == '\\') return go(Extension::escaped);
      if (is(c, kQuotedChar)) return true;
      break;
    case Extension::escaped:
      if (is(c, kValueChar)) return go(Extension::quoted);
      break;
  }
  return fail(Reason::chunk_extension, offset_);
}

bool ChunkedDecoder::end_trailer_line() {
  const std::uint64_t begin = offset_ + 1 - line_.size();
  const char* p = line_.data();
  Field field;
  const Fault fault = parse_field_line(p, p + line_.size(), SpaceBeforeColon::fault, field);
  if (fault != Fault::none) {
    const auto at = static_cast<std::size_t>(p - line_.data());
    fail(Reason::trailer_field, begin + at);
    excerpt_ = http::excerpt(line_, at);
    return false;
  }
  if (allowed_in_trailer(field.name)) {
    trailer_.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  line_.clear();
  return true;
}

// The final CRLF does not count as bytes of the trailer. So a CR at the start of a line is not
// counted: it can only be the first byte of that CRLF.
bool ChunkedDecoder::take_trailer(char c) {
  if (line_ == "\r") {
    if (c != '\n') return fail(Reason::trailer_field, offset_ - 1);
    step_ = Step::done;
    return true;
  }
  if (!(line_.empty() && c == '\r') && ++trailer_bytes_ > kMaxTrailer) {
    return fail(Reason::trailer_too_long, offset_);
  }
  if (c == '\n' && !line_.ends_with('\r')) return fail(Reason::trailer_field, offset_);
  line_.push_back(c);
  return c == '\n' ? end_trailer_line() : true;
}

// Takes one byte outside the data. Returns false when it refuses the byte.
bool ChunkedDecoder::step(char c) {
  switch (step_) {
    case Step::size_first:
    case Step::size:
      return take_size(c);
    case Step::extension:
      return take_extension(c);
    case Step::size_lf:
      if (c != '\n') return fail(Reason::chunk_crlf, offset_);
      if (size_ > room_) return fail(Reason::body_too_long, offset_);
      room_ -= size_;
      step_ = size_ == 0 ? Step::trailer : Step::data;
      return true;
    case Step::data_cr:
      if (c != '\r') return fail(Reason::chunk_crlf, offset_);
      step_ = Step::data_lf;
      return true;
    case Step::data_lf:
      if (c != '\n') return fail(Reason::chunk_crlf, offset_);
      step_ = Step::size_first;
      return true;
    case Step::trailer:
      return take_trailer(c);
    case Step::data:
    case Step::done:
    case Step::refused:
      break;
  }
  return false;
}

ChunkedDecoder::Result ChunkedDecoder::decode(char* bytes, std::size_t size) {
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < size && step_ != Step::done) {
    if (step_ != Step::data) {
      remember(bytes[in]);
      if (!step(bytes[in])) return {State::refused, in, out};
      ++in;
      ++offset_;
      continue;
    }
    const auto run = static_cast<std::size_t>(std::min<std::uint64_t>(size_, size - in));
    if (in != out) std::memmove(bytes + out, bytes + in, run);
    in += run;
    out += run;
    offset_ += run;
    size_ -= run;
    if (size_ == 0) step_ = Step::data_cr;
  }
  return {step_ == Step::done ? State::done : State::more, in, out};
}

std::size_t write_chunk_header(std::uint64_t size, char* out) {
  char* const end = std::to_chars(out, out + 16, size, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  return static_cast<std::size_t>(end + 2 - out);
}

}  // namespace worker::http
