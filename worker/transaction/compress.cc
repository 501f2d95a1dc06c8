// Compressed responses: see transaction.h and compression.h.
//
// What came in one read leaves compressed in the same turn of the loop, so that streams live. A
// response that cannot be compressed, for want of memory, passes as it is.
#include <array>
#include <span>
#include <utility>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

std::unique_ptr<Compression> Compression::begin(const conf::Compress::Offer& offer,
                                                BufferBudget& budget) {
  const std::size_t memory = compress::encoder_memory(offer);
  if (!budget.take(memory)) return nullptr;
  std::unique_ptr<compress::Encoder> encoder = compress::make_encoder(offer);
  if (encoder) return std::make_unique<Compression>(std::move(encoder), budget, memory);
  budget.give(memory);
  return nullptr;
}

bool Compression::encode(std::string_view data, bool is_last, std::string& out) {
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, compress::kPiece);
    data.remove_prefix(piece.size());
    if (!encoder_->feed(piece, out)) return false;
    const bool ends = data.empty() && is_last;
    if (!ends && !encoder_->flush(out)) return false;
  }
  return !is_last || encoder_->finish(out);
}

// What the request says of it, while its head is there.
void Transaction::note_codings() {
  const http::HeaderList& fields = now_.head->fields;
  const std::vector<conf::Compress::Offer>& offers = now_.service->config.compress->offers;
  std::array<std::string_view, 3> names;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    names.at(i) = compress::coding_name(offers[i].coding);
  }
  now_.coding_terms = http::coding_terms(fields);
  const auto choice = http::choose_coding(fields, std::span(names).first(offers.size()));
  if (!choice) return;
  now_.coding = &offers[*choice];
  now_.turn_bytes = compress::bytes_per_turn(*now_.coding);
}

// BREACH: another site that can make a browser send requests with credentials, and see how long the
// responses are, could guess what is in them, if they were compressed.
bool Transaction::is_guessable() const {
  const http::CodingTerms& terms = now_.coding_terms;
  return terms.is_cross_site &&
         (terms.has_credentials || http::sets_cookie(context_.response_head.fields));
}

// Decides on the head of the backend's response. If it is to be compressed, changes its head, its
// framing and its first part, which then is in `context_.coded`. Returns the fields to add.
std::string_view Transaction::begin_compression(std::string_view added, http::Framing& framing,
                                                BodyData& first) {
  const conf::Compress& config = *now_.service->config.compress;
  http::ResponseHead& head = context_.response_head;
  const conf::Compress::Offer* const coding = std::exchange(now_.coding, nullptr);
  const std::size_t turn_bytes = std::exchange(now_.turn_bytes, 0);
  std::string lines(added);
  const bool is_compressible =
      http::is_compressible(head, framing, now_.facts.is_head, {config.types, config.least});
  const bool confirms_weak = head.status == 304 && now_.coding_terms.has_weak_tag;
  if (is_compressible || confirms_weak) http::vary_by_coding(head.fields, lines);
  if (confirms_weak) http::weaken_tags(head.fields, lines);
  const bool is_wanted =
      is_compressible && coding != nullptr && !now_.coding_terms.forbids && !is_guessable();
  if (is_wanted && (now_.facts.is_head || compress_first(*coding, first))) {
    http::set_coding(head.fields, compress::coding_name(coding->coding), lines);
    if (!now_.facts.is_head) framing = {.kind = http::Framing::Kind::chunked, .length = 0};
    if (compression_) now_.turn_bytes = turn_bytes;  // its last part may have come already
  }
  added_ = std::move(lines);
  return added_;
}

// Without memory for it, or if the library fails at once, the response passes as it is.
bool Transaction::compress_first(const conf::Compress::Offer& coding, BodyData& first) {
  compression_ = Compression::begin(coding, context_.budget);
  if (compression_ && compress_part(first)) return true;
  compression_.reset();
  return false;
}

// False when the library has failed; otherwise the part now is in `context_.coded`. The last part
// ends the compression, and its trailer must not describe other bytes.
bool Transaction::compress_part(BodyData& part) {
  std::string& out = context_.coded;
  out.clear();
  if (!compression_->encode(part.data, part.is_last, out)) return false;
  const std::size_t size = out.size();
  if (part.is_last) {
    compression_.reset();
    out.append(http::coded_trailer(part.trailer));
  }
  part.data = std::string_view(out).substr(0, size);
  part.trailer = std::string_view(out).substr(size);
  return true;
}

}  // namespace worker::transaction
