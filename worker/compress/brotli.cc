// Brotli (RFC 7932): see encoder.h.
#include <brotli/encode.h>

#include "worker/compress/codings.h"

namespace worker::compress {

namespace {

// 64 KiB. A larger one makes levels above 4 take up to 33 MiB.
constexpr std::uint32_t kWindowBits = 16;

class Brotli final : public Encoder {
 public:
  Brotli() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {}
  ~Brotli() override {
    if (state_ != nullptr) BrotliEncoderDestroyInstance(state_);
  }

  bool begin(int level) {
    return state_ != nullptr &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY,
                                     static_cast<std::uint32_t>(level)) == BROTLI_TRUE &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, kWindowBits) == BROTLI_TRUE;
  }

  bool feed(std::string_view data, std::string& out) override {
    return run(data, BROTLI_OPERATION_PROCESS, out);
  }
  bool flush(std::string& out) override { return run({}, BROTLI_OPERATION_FLUSH, out); }
  bool finish(std::string& out) override { return run({}, BROTLI_OPERATION_FINISH, out); }

 private:
  bool run(std::string_view data, BrotliEncoderOperation how, std::string& out) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(data.data());
    std::size_t left = data.size();
    do {
      std::size_t room = 0;  // the library keeps its output, which is taken from it below
      if (BrotliEncoderCompressStream(state_, how, &left, &from, &room, nullptr, nullptr) !=
          BROTLI_TRUE) {
        return false;
      }
      std::size_t size = 0;  // as much as there is in one piece
      const std::uint8_t* const part = BrotliEncoderTakeOutput(state_, &size);
      out.append(reinterpret_cast<const char*>(part), size);
    } while (left != 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
    return true;
  }

  BrotliEncoderState* state_;
};

}  // namespace

std::unique_ptr<Encoder> make_brotli(int level) {
  auto encoder = std::make_unique<Brotli>();
  if (!encoder->begin(level)) return nullptr;
  return encoder;
}

}  // namespace worker::compress
