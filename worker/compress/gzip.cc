// gzip by zlib (RFC 1952): see encoder.h.
#include <zlib.h>

#include <array>

#include "worker/compress/codings.h"

namespace worker::compress {

namespace {

constexpr int kWindowBits = 15;  // 32 KiB
constexpr int kGzipFormat = 16;
constexpr int kMemoryLevel = 8;

class Gzip final : public Encoder {
 public:
  Gzip() = default;
  ~Gzip() override { deflateEnd(&stream_); }

  bool begin(int level) {
    return deflateInit2(&stream_, level, Z_DEFLATED, kWindowBits + kGzipFormat, kMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK;
  }

  bool feed(std::string_view data, std::string& out) override { return run(data, Z_NO_FLUSH, out); }
  bool flush(std::string& out) override { return run({}, Z_SYNC_FLUSH, out); }
  bool finish(std::string& out) override { return run({}, Z_FINISH, out); }

 private:
  bool run(std::string_view data, int how, std::string& out) {
    // zlib does not write to its input; its interface has no const.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    std::array<Bytef, 16 * 1024> part;
    do {
      stream_.next_out = part.data();
      stream_.avail_out = static_cast<uInt>(part.size());
      const int result = deflate(&stream_, how);
      // Z_BUF_ERROR: there was nothing to do.
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return false;
      out.append(reinterpret_cast<const char*>(part.data()), part.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return stream_.avail_in == 0;
  }

  z_stream stream_{};
};

}  // namespace

std::unique_ptr<Encoder> make_gzip(int level) {
  auto encoder = std::make_unique<Gzip>();
  if (!encoder->begin(level)) return nullptr;
  return encoder;
}

}  // namespace worker::compress
