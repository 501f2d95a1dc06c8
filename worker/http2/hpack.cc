// libnghttp2's HPACK, and the text of a packed table: see hpack.h.
#include "worker/http2/hpack.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <new>

#include "worker/http/chars.h"

namespace worker::http2 {
namespace {

constexpr std::size_t kStaticEntries = 61;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

const std::uint8_t* octets(const char* text) { return reinterpret_cast<const std::uint8_t*>(text); }

// RFC 7541 5.1: an integer behind `flags`, in a first byte of which it may use `bits`.
void append_integer(std::string& out, unsigned flags, unsigned bits, std::size_t value) {
  const std::size_t most = (std::size_t{1} << bits) - 1;
  if (value < most) {
    out.push_back(static_cast<char>(flags | value));
    return;
  }
  out.push_back(static_cast<char>(flags | most));
  for (value -= most; value >= 128; value >>= 7)
    out.push_back(static_cast<char>(value % 128 + 128));
  out.push_back(static_cast<char>(value));
}

void append_string(std::string& out, std::string_view text) {
  append_integer(out, 0, 7, text.size());
  out.append(text);
}

struct Nothing final : FieldSink {
  bool on_field(std::string_view, std::string_view) override { return false; }
};

void check(int status) {
  if (status != 0) throw std::bad_alloc();
}

bool is_secret(std::string_view lower_name) {
  return lower_name == "set-cookie" || lower_name == "authorization";
}

}  // namespace

void Decoder::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

Decoder::Decoder() = default;
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

bool Decoder::decode(std::string_view block, FieldSink& sink) {
  if (is_broken_) return false;
  if (inflater_ == nullptr) unpack();
  is_broken_ = !inflate(block, sink);
  if (is_broken_) inflater_.reset();
  return !is_broken_;
}

bool Decoder::skip(std::string_view block) {
  Nothing nothing;
  return decode(block, nothing);
}

// The library reports each field before it goes on, so a bomb is noticed field by field.
bool Decoder::inflate(std::string_view block, FieldSink& sink) {
  std::size_t decoded = 0;
  bool is_wanted = true;
  const std::uint8_t* in = octets(block.data());
  std::size_t left = block.size();
  while (true) {
    nghttp2_nv field;
    int flags = NGHTTP2_HD_INFLATE_NONE;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, in, left, 1);
    if (used == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
    if (used < 0) return false;
    in += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      decoded += field.namelen + field.valuelen + kFieldOverhead;
      if (decoded > kMaxDecoded) return false;
      is_wanted = is_wanted &&
                  sink.on_field(view(field.name, field.namelen), view(field.value, field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      return true;
    }
  }
}

std::size_t Decoder::table_bytes() const {
  if (inflater_ == nullptr) return packed_table_bytes_;
  return nghttp2_hd_inflate_get_dynamic_table_size(inflater_.get());
}

void Decoder::pack() {
  if (inflater_ == nullptr) return;
  packed_.clear();
  const std::size_t most = nghttp2_hd_inflate_get_max_dynamic_table_size(inflater_.get());
  if (most != kTableSize) append_integer(packed_, 0x20, 5, most);
  packed_table_bytes_ = static_cast<std::uint32_t>(table_bytes());
  // The oldest entry has the highest index.
  const std::size_t last = nghttp2_hd_inflate_get_num_table_entries(inflater_.get());
  for (std::size_t index = last; index > kStaticEntries; --index) {
    const nghttp2_nv* entry = nghttp2_hd_inflate_get_table_entry(inflater_.get(), index);
    packed_.push_back('\x40');  // a literal with a new name, to be added to the table
    append_string(packed_, view(entry->name, entry->namelen));
    append_string(packed_, view(entry->value, entry->valuelen));
  }
  packed_.shrink_to_fit();
  inflater_.reset();
}

void Decoder::unpack() {
  nghttp2_hd_inflater* inflater = nullptr;
  check(nghttp2_hd_inflate_new(&inflater));
  inflater_.reset(inflater);
  if (packed_.empty()) return;
  Nothing nothing;
  is_broken_ = !inflate(packed_, nothing);
  std::string().swap(packed_);
}

void Encoder::Delete::operator()(nghttp2_hd_deflater* deflater) const {
  nghttp2_hd_deflate_del(deflater);
}

// The first block of a deflater begins with the size of its table, and would reach one connection
// only. So the constructor makes that block and drops it.
Encoder::Encoder() {
  nghttp2_hd_deflater* deflater = nullptr;
  check(nghttp2_hd_deflate_new(&deflater, 0));
  deflater_.reset(deflater);
  std::string unused;
  add(":status", "200");
  finish(unused);
}

Encoder::~Encoder() = default;

void Encoder::begin() {
  text_.clear();
  entries_.clear();
}

void Encoder::add(std::string_view name, std::string_view value) {
  for (const char c : name) text_.push_back(http::lower(c));
  text_.append(value);
  entries_.push_back(
      {static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
}

void Encoder::add_number(std::string_view name, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  add(name, {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void Encoder::finish(std::string& block) {
  // Small enough for the stack, except for heads with many fields.
  std::array<nghttp2_nv, 32> few;
  std::vector<nghttp2_nv> many;
  if (entries_.size() > few.size()) many.resize(entries_.size());
  nghttp2_nv* const fields = many.empty() ? few.data() : many.data();
  // The library does not write to names and values, although its type says so.
  auto* at = reinterpret_cast<std::uint8_t*>(text_.data());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const bool secret = is_secret(view(at, entry.name_size));
    fields[i] = {
        at, at + entry.name_size, entry.name_size, entry.value_size,
        static_cast<std::uint8_t>(secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
    at += entry.name_size + entry.value_size;
  }
  const std::size_t before = block.size();
  const std::size_t most = nghttp2_hd_deflate_bound(deflater_.get(), fields, entries_.size());
  block.resize(before + most);
  auto* const out = reinterpret_cast<std::uint8_t*>(block.data()) + before;
  const ssize_t size = nghttp2_hd_deflate_hd(deflater_.get(), out, most, fields, entries_.size());
  if (size < 0) throw std::bad_alloc();
  block.resize(before + static_cast<std::size_t>(size));
  begin();
}

}  // namespace worker::http2
