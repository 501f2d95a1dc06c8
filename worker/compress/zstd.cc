// Zstandard (RFC 8878): see encoder.h.
//
// A level of the library comes with tables of several MiB, which are for files. Pound sets their
// sizes, so that a level only says how hard to search.
#include <zstd.h>

#include <array>

#include "worker/compress/codings.h"

namespace worker::compress {

namespace {

constexpr int kWindowLog = 15;  // 32 KiB
constexpr int kHashLog = 14;
constexpr int kChainLog = 14;

class Zstd final : public Encoder {
 public:
  Zstd() : context_(ZSTD_createCCtx()) {}
  ~Zstd() override { ZSTD_freeCCtx(context_); }

  bool begin(int level) {
    return context_ != nullptr && set(ZSTD_c_compressionLevel, level) &&
           set(ZSTD_c_windowLog, kWindowLog) && set(ZSTD_c_hashLog, kHashLog) &&
           set(ZSTD_c_chainLog, kChainLog);
  }

  bool feed(std::string_view data, std::string& out) override {
    return run(data, ZSTD_e_continue, out);
  }
  bool flush(std::string& out) override { return run({}, ZSTD_e_flush, out); }
  bool finish(std::string& out) override { return run({}, ZSTD_e_end, out); }

 private:
  bool set(ZSTD_cParameter what, int value) {
    return ZSTD_isError(ZSTD_CCtx_setParameter(context_, what, value)) == 0;
  }

  bool run(std::string_view data, ZSTD_EndDirective how, std::string& out) {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    std::array<char, 16 * 1024> part;
    while (true) {
      ZSTD_outBuffer to{part.data(), part.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_, &to, &in, how);
      if (ZSTD_isError(left) != 0) return false;
      out.append(part.data(), to.pos);
      // `left` is of what the library holds; with ZSTD_e_continue it may hold as much as it likes.
      const bool is_done = how == ZSTD_e_continue ? in.pos == in.size : left == 0;
      if (is_done) return true;
    }
  }

  ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd(int level) {
  auto encoder = std::make_unique<Zstd>();
  if (!encoder->begin(level)) return nullptr;
  return encoder;
}

}  // namespace worker::compress
