// The trailer of a request: decode_trailer of request_block.h.
#include "worker/http/chunked.h"
#include "worker/http/trailer.h"
#include "worker/http2/field_rules.h"
#include "worker/http2/request_block.h"

namespace worker::http2 {
namespace {

using http::Reason;
using http::Refusal;

class TrailerBuilder final : public FieldSink {
 public:
  TrailerBuilder(const http::Limits& limits, std::string& lines) : limits_(limits), lines_(lines) {}

  bool on_field(std::string_view name, std::string_view value) override {
    refusal_ = take(name, value);
    return !refusal_;
  }

  const Refusal& refusal() const { return refusal_; }

 private:
  Refusal take(std::string_view name, std::string_view value) {
    const std::size_t begin = lines_.size();
    bytes_ += name.size() + value.size() + kFieldOverhead;
    if (bytes_ > http::kMaxTrailer) {
      append_line(lines_, name.substr(0, http::kMaxExcerpt), {});
      return {Reason::trailer_too_long, begin};
    }
    const Line line = append_line(lines_, name, value);
    if (name.starts_with(':')) return {Reason::h2_pseudo_trailer, begin};
    http::Field field;
    if (const Refusal refusal = judge_line(lines_, line, field)) return refusal;
    if (const Reason reason = judge_hop(field); reason != Reason::none) return {reason, begin};
    if (++fields_ > limits_.fields) return {Reason::fields_too_many, begin};
    if (!http::allowed_in_trailer(field.name)) lines_.resize(begin);
    return {};
  }

  const http::Limits& limits_;
  std::string& lines_;
  Refusal refusal_;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
};

}  // namespace

BlockStatus decode_trailer(Decoder& decoder, std::string_view block, const http::Limits& limits,
                           std::string& lines, Refusal& refusal) {
  lines.clear();
  TrailerBuilder builder(limits, lines);
  if (!decoder.decode(block, builder)) return BlockStatus::compression_error;
  refusal = builder.refusal();
  return refusal ? BlockStatus::refused : BlockStatus::complete;
}

}  // namespace worker::http2
