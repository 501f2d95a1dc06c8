// Fuzzes the processing of header blocks: decode, judge, rewrite, parse as HTTP/1.1.
//
// The first byte has flags, and the bytes 0xff 0x00 separate blocks. A block is
// HPACK as it stands, or lines "name:value" that are encoded here as literals.
// Properties: the head written for the backend is one request of HTTP/1.1 with the same meaning; no
// malformed request passes; and packing the table between two blocks never shows.
#include "t/fuzz/rewrite.h"
#include "worker/http2/request_block.h"
#include "worker/http2/response_block.h"

using namespace worker::http;
using namespace worker::http2;
using fuzz::require;

namespace {

constexpr std::string_view kNextBlock{"\xff\x00", 2};

enum Flags : unsigned { kIsEnded = 1, kIsTls = 2, kMayConnect = 4, kIsText = 8, kSmallLimits = 16 };

// RFC 7541 5.2, for fields of up to 126 bytes; longer ones are cut.
void append_string(std::string& block, std::string_view text) {
  const std::string_view part = text.substr(0, 126);
  block.push_back(static_cast<char>(part.size()));
  block.append(part);
}

// The colon of a pseudo-field belongs to its name.
std::string block_of(std::string_view lines) {
  std::string block;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = std::min(line.find(':', 1), line.size());
    block.push_back(block.size() % 2 == 0 ? '\x40' : '\0');
    append_string(block, line.substr(0, colon));
    append_string(block, line.substr(std::min(colon + 1, line.size())));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return block;
}

struct Result {
  BlockStatus status = BlockStatus::complete;
  Refusal refusal;
  RequestBlock request;
  std::string text;
  RequestHead head;
};

void decode(Decoder& decoder, std::string_view block, unsigned flags, const Limits& limits,
            Result& result) {
  result.request.is_ended = (flags & kIsEnded) != 0;
  result.request.is_tls = (flags & kIsTls) != 0;
  result.request.may_connect = (flags & kMayConnect) != 0;
  result.refusal = {};
  result.status = decode_request(decoder, block, result.request, limits, result.text, result.head,
                                 result.refusal);
}

void compare(const Result& a, const Result& b) {
  require(a.status == b.status, "same status with a packed table");
  if (a.status == BlockStatus::compression_error) return;
  require(a.text == b.text, "same text with a packed table");
  require(a.refusal.reason == b.refusal.reason, "same reason with a packed table");
  require(a.refusal.offset == b.refusal.offset, "same offset with a packed table");
}

bool is_within(std::string_view part, std::string_view text) {
  return part.empty() ||
         (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

void check_views(const Result& result) {
  const RequestHead& head = result.head;
  require(is_within(head.line, result.text), "the line is in the text");
  for (const Field& field : head.fields) {
    require(is_within(field.name, head.bytes), "each name is in the head");
    require(is_within(field.value, head.bytes), "each value is in the head");
  }
}

void check_request(const Result& result, const Limits& limits) {
  const RequestHead& head = result.head;
  check_views(result);
  if (result.status == BlockStatus::refused) {
    require(static_cast<bool>(result.refusal), "a refusal has a reason");
    require(head.bytes.empty() || result.refusal.offset < head.bytes.size(),
            "the offset is within the head");
    return;
  }
  RequestFacts facts;
  const Refusal refusal = judge_request(head, facts, limits);
  require(!is_malformed(refusal.reason), "decoding finds what is malformed");
  require(!refusal || refusal.offset < head.bytes.size(), "the offset is within the head");
  require(head.fields.count(FieldId::host) <= 1, "one Host");
  require(head.fields.count(FieldId::cookie) <= 1, "one Cookie");
  require(!head.fields.has(FieldId::transfer_encoding), "no Transfer-Encoding");
  require(!head.fields.has(FieldId::connection), "no Connection");
  require(result.request.is_ended || result.request.is_websocket || refusal ||
              facts.body.kind != Framing::Kind::none,
          "content is framed");
  if (!refusal) fuzz::rewrite_and_read(head, facts);
}

// Whatever passes in a trailer of a request is a trailer that a response may have, too.
void check_trailer(std::string_view block, const Limits& limits) {
  Decoder decoder;
  std::string lines;
  Refusal refusal;
  if (decode_trailer(decoder, block, limits, lines, refusal) != BlockStatus::complete) return;
  Encoder encoder;
  std::string encoded;
  encode_trailer(encoder, lines, encoded);
  std::string again;
  Decoder other;
  require(decode_trailer(other, encoded, limits, again, refusal) == BlockStatus::complete,
          "the trailer is well-formed");
  require(again == lines, "same trailer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned flags = data[0];
  Limits limits;
  if ((flags & kSmallLimits) != 0) limits = {.request_line = 40, .head = 500, .fields = 6};
  std::string_view rest = fuzz::text(data + 1, size - 1);
  Decoder whole;
  Decoder packed;
  static Result result;  // reused, as a worker does
  static Result other;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(kNextBlock), rest.size());
    const std::string_view part = rest.substr(0, end);
    const std::string block = (flags & kIsText) != 0 ? block_of(part) : std::string(part);
    decode(whole, block, flags, limits, result);
    packed.pack();
    decode(packed, block, flags, limits, other);
    compare(result, other);
    check_trailer(block, limits);
    if (result.status == BlockStatus::compression_error) return 0;
    require(whole.table_bytes() == packed.table_bytes(), "same table");
    check_request(result, limits);
    rest.remove_prefix(std::min(end + kNextBlock.size(), rest.size()));
  }
  return 0;
}
