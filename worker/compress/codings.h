// The encoder of each library: see encoder.h. Null when memory is short.
#pragma once

#include <memory>

#include "worker/compress/encoder.h"

namespace worker::compress {

std::unique_ptr<Encoder> make_zstd(int level);
std::unique_ptr<Encoder> make_brotli(int level);
std::unique_ptr<Encoder> make_gzip(int level);

}  // namespace worker::compress
