// HPACK (RFC 7541): header blocks to fields and back, by libnghttp2's inflater and deflater.
//
// Pure: no socket, no clock. What the fields mean is the business of request_block.h and
// response_block.h. Throws std::bad_alloc when there is no memory, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct nghttp2_hd_inflater;
struct nghttp2_hd_deflater;

namespace worker::http2 {

// The size of a decoder's dynamic table at first, and the most that a client may choose
// (SETTINGS_HEADER_TABLE_SIZE, which Pound does not change).
inline constexpr std::size_t kTableSize = 4096;

// RFC 7541 4.1: what a field costs besides its bytes, in the table and towards the limits.
inline constexpr std::size_t kFieldOverhead = 32;

// The most that a block may decode to, kFieldOverhead for each field included. Above the largest
// MaxHeader, so that a merely large head gets an answer. A block of references to the table can
// decode to thousands of times its size.
inline constexpr std::size_t kMaxDecoded = std::size_t{256} * 1024;

// Takes the fields of a block in their order.
class FieldSink {
 public:
  // Both views end with the call. Returns false when it wants no more fields.
  virtual bool on_field(std::string_view name, std::string_view value) = 0;

 protected:
  ~FieldSink() = default;
};

// The fields that a peer encodes. One per connection: each block changes the table for the next.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Decodes one whole block. When the sink wants no more, still decodes the rest, for the table.
  // Returns false when the block is malformed or exceeds kMaxDecoded. The table is then lost, the
  // connection has to end (COMPRESSION_ERROR), and every later call returns false.
  bool decode(std::string_view block, FieldSink& sink);

  // Decodes a block for the table only.
  bool skip(std::string_view block);

  // The size of the dynamic table as RFC 7541 4.1 defines it.
  std::size_t table_bytes() const;

  // For an idle connection: frees the inflater, and keeps the table as a text in which each entry
  // takes its bytes and 3 to 5 more. The next decode() makes the same table of it again.
  void pack();
  bool is_packed() const { return inflater_ == nullptr; }
  std::size_t packed_bytes() const { return packed_.size(); }

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };

  void unpack();
  bool inflate(std::string_view block, FieldSink& sink);

  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;  // null at first, and while packed
  std::string packed_;  // a block that makes the table; empty: a new inflater has it
  std::uint32_t packed_table_bytes_ = 0;
  bool is_broken_ = false;
};

// Tells a peer, in front of a block, that the table of the encoder has size 0 from now on (RFC 7541
// 6.3). A peer that lowers SETTINGS_HEADER_TABLE_SIZE expects that in the next block. Once is
// enough for a connection, and it is never wrong.
inline constexpr std::string_view kNoTable = "\x20";

// Encodes fields without a dynamic table, so there is no state between two blocks: all connections
// of a worker share one encoder.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Forgets the fields of an unfinished block.
  void begin();
  // Copies both, and the name in lower case. Set-Cookie and Authorization become literals that no
  // proxy on the way may index (RFC 7541 7.1.3).
  void add(std::string_view name, std::string_view value);
  void add_number(std::string_view name, std::uint64_t number);
  // Appends the fields since begin() to `block`.
  void finish(std::string& block);

 private:
  struct Entry {
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  struct Delete {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };

  std::unique_ptr<nghttp2_hd_deflater, Delete> deflater_;
  std::string text_;  // names and values, one behind the other
  std::vector<Entry> entries_;
};

}  // namespace worker::http2
