// What the codings have in common, and what each costs: see encoder.h.
#include "worker/compress/encoder.h"

#include "worker/compress/codings.h"

namespace worker::compress {

namespace {

constexpr std::size_t kKiB = 1024;

// Measured with Debian 12's libraries, and rounded up; the unit tests compare them with what the
// libraries allocate. Brotli's tables for levels above 3 take 512 KiB, whatever its window.
constexpr std::size_t kZstdMemory = 384 * kKiB;
constexpr std::size_t kGzipMemory = 272 * kKiB;
constexpr std::size_t kFastBrotliMemory = 704 * kKiB;
constexpr std::size_t kBrotliMemory = 1024 * kKiB;
constexpr std::size_t kSlowBrotliMemory = 1792 * kKiB;

// From this level on a coding compresses less than 30 MB of text a second.
constexpr int kSlowZstd = 10;
constexpr int kSlowBrotli = 6;
constexpr int kSlowGzip = 6;

bool is_slow(const conf::Compress::Offer& offer) {
  switch (offer.coding) {
    case conf::Coding::zstd:
      return offer.level >= kSlowZstd;
    case conf::Coding::br:
      return offer.level >= kSlowBrotli;
    case conf::Coding::gzip:
      break;
  }
  return offer.level >= kSlowGzip;
}

}  // namespace

std::unique_ptr<Encoder> make_encoder(const conf::Compress::Offer& offer) {
  switch (offer.coding) {
    case conf::Coding::zstd:
      return make_zstd(offer.level);
    case conf::Coding::br:
      return make_brotli(offer.level);
    case conf::Coding::gzip:
      break;
  }
  return make_gzip(offer.level);
}

std::size_t encoder_memory(const conf::Compress::Offer& offer) {
  switch (offer.coding) {
    case conf::Coding::zstd:
      return kZstdMemory;
    case conf::Coding::br:
      if (offer.level <= 3) return kFastBrotliMemory;
      return offer.level <= 8 ? kBrotliMemory : kSlowBrotliMemory;
    case conf::Coding::gzip:
      break;
  }
  return kGzipMemory;
}

std::size_t bytes_per_turn(const conf::Compress::Offer& offer) {
  return is_slow(offer) ? kPiece : 2 * kPiece;
}

std::string_view coding_name(conf::Coding coding) {
  switch (coding) {
    case conf::Coding::zstd:
      return "zstd";
    case conf::Coding::br:
      return "br";
    case conf::Coding::gzip:
      break;
  }
  return "gzip";
}

}  // namespace worker::compress
