// Bodies for tests of compression, and the way back from their codings.
#pragma once

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "conf/compress.h"

namespace bodies {

// `size` bytes that look like text, and repeat about as much.
inline std::string text(std::size_t size, unsigned seed = 1) {
  static constexpr std::array<std::string_view, 8> kWords{
      "listener ", "<li class=\"item\">", "backend\n", "the ", "of a ", "</li>\n", "12", " "};
  std::mt19937 random(seed);
  std::string out;
  while (out.size() < size) {
    const auto word = random() % (kWords.size() + 1);
    if (word < kWords.size()) {
      out.append(kWords[word]);
    } else {
      out.push_back(static_cast<char>('a' + random() % 26));
    }
  }
  out.resize(size);
  return out;
}

// `size` bytes that nothing makes shorter.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

// What a decoder makes of a body that may have been cut off.
struct Decoded {
  std::string data;
  bool is_whole = false;  // with its end, and nothing behind it
  bool is_valid = true;
};

inline Decoded gunzip(std::string_view coded) {
  Decoded decoded;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {.data = {}, .is_valid = false};
  std::string copy(coded);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  std::array<char, 65536> part;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = part.size();
    result = inflate(&stream, Z_NO_FLUSH);
    decoded.data.append(part.data(), part.size() - stream.avail_out);
  }
  decoded.is_whole = result == Z_STREAM_END && stream.avail_in == 0;
  decoded.is_valid = result == Z_STREAM_END || result == Z_BUF_ERROR;
  inflateEnd(&stream);
  return decoded;
}

inline Decoded unzstd(std::string_view coded) {
  Decoded decoded;
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  ZSTD_inBuffer in{coded.data(), coded.size(), 0};
  std::array<char, 65536> part;
  ZSTD_outBuffer to{};
  std::size_t left = 1;
  do {
    to = {part.data(), part.size(), 0};
    left = ZSTD_decompressStream(context, &to, &in);
    decoded.is_valid = ZSTD_isError(left) == 0;
    if (decoded.is_valid) decoded.data.append(part.data(), to.pos);
  } while (decoded.is_valid && left != 0 && (in.pos < in.size || to.pos == to.size));
  decoded.is_whole = left == 0 && in.pos == in.size;
  ZSTD_freeDCtx(context);
  return decoded;
}

inline Decoded unbrotli(std::string_view coded) {
  Decoded decoded;
  BrotliDecoderState* const state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* from = reinterpret_cast<const std::uint8_t*>(coded.data());
  std::size_t left = coded.size();
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    std::size_t room = 0;
    result = BrotliDecoderDecompressStream(state, &left, &from, &room, nullptr, nullptr);
    std::size_t size = 0;
    const std::uint8_t* const part = BrotliDecoderTakeOutput(state, &size);
    decoded.data.append(reinterpret_cast<const char*>(part), size);
    if (BrotliDecoderHasMoreOutput(state) == BROTLI_TRUE) {
      result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    }
  }
  decoded.is_whole = result == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
  decoded.is_valid = result != BROTLI_DECODER_RESULT_ERROR;
  BrotliDecoderDestroyInstance(state);
  return decoded;
}

inline Decoded decode(std::string_view coding, std::string_view coded) {
  if (coding == "gzip") return gunzip(coded);
  return coding == "br" ? unbrotli(coded) : unzstd(coded);
}

}  // namespace bodies
