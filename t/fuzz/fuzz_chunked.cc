// Fuzzes the decoder of chunked bodies.
//
// Properties: data, trailer and verdict do not depend on how the bytes are split; the decoder
// leaves the bytes after the body unchanged; decoded data, encoded and decoded again, is the same.
#include <algorithm>
#include <array>
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/http/chunked.h"

using namespace worker::http;
using fuzz::require;

namespace {

struct Decoded {
  ChunkedDecoder::State state = ChunkedDecoder::State::more;
  Refusal refusal;
  std::size_t consumed = 0;
  std::string data;
  std::string trailer;
  std::string excerpt;

  bool operator==(const Decoded& other) const {
    return state == other.state && refusal.reason == other.refusal.reason &&
           refusal.offset == other.refusal.offset && data == other.data &&
           trailer == other.trailer && consumed == other.consumed && excerpt == other.excerpt;
  }
};

Decoded decode(const std::string& bytes, std::size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size() && decoded.state == ChunkedDecoder::State::more;
       at += step) {
    // The buffer has the exact size, so that the sanitizers detect an access beyond its end.
    std::vector<char> piece(
        bytes.begin() + static_cast<std::ptrdiff_t>(at),
        bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + step)));
    const auto result = decoder.decode(piece.data(), piece.size());
    require(result.produced <= result.consumed && result.consumed <= piece.size(), "sane counts");
    require(std::equal(piece.begin() + static_cast<std::ptrdiff_t>(result.consumed), piece.end(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(at + result.consumed)),
            "bytes after the body are unchanged");
    decoded.state = result.state;
    decoded.consumed += result.consumed;
    decoded.data.append(piece.data(), result.produced);
  }
  decoded.refusal = decoder.refusal();
  decoded.trailer = decoder.trailer();
  decoded.excerpt = decoder.excerpt();
  return decoded;
}

std::string encode(const std::string& data, const std::string& trailer) {
  std::string out;
  std::size_t size = 1;
  for (std::size_t at = 0; at < data.size(); at += size, size = size * 3 + 1) {
    const std::string chunk = data.substr(at, size);
    std::array<char, kMaxChunkHeader> header;
    out.append(header.data(), write_chunk_header(chunk.size(), header.data()));
    out.append(chunk).append(kChunkEnd);
  }
  return out.append(kLastChunk).append(trailer).append("\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(fuzz::text(data, size));
  const Decoded whole = decode(bytes, size + 1);
  require(whole == decode(bytes, 1), "same for single bytes");
  require(whole == decode(bytes, 3), "same for pieces");
  if (whole.state == ChunkedDecoder::State::done) {
    const std::string encoded = encode(whole.data, whole.trailer);
    const Decoded again = decode(encoded, encoded.size());
    require(again.state == ChunkedDecoder::State::done, "encoded data is accepted");
    require(again.consumed == encoded.size(), "encoded data is one body");
    require(again.data == whole.data && again.trailer == whole.trailer, "same data and trailer");
  }
  return 0;
}
