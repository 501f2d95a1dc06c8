// The compression of one response: an encoder, and the memory that it takes of the worker's buffer
// memory while it is at work.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "worker/compress/encoder.h"
#include "worker/transaction/buffer_budget.h"

namespace worker::transaction {

class Compression {
 public:
  // Null when memory is short.
  static std::unique_ptr<Compression> begin(const conf::Compress::Offer& offer,
                                            BufferBudget& budget);
  // Takes over a reservation of `memory` bytes.
  Compression(std::unique_ptr<compress::Encoder> encoder, BufferBudget& budget, std::size_t memory)
      : encoder_(std::move(encoder)), budget_(budget), memory_(memory) {}
  ~Compression() { budget_.give(memory_); }
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  // Appends to `out` what `data` becomes; nothing of it waits for more. False: the library failed.
  [[nodiscard]] bool encode(std::string_view data, bool is_last, std::string& out);

 private:
  std::unique_ptr<compress::Encoder> encoder_;
  BufferBudget& budget_;
  std::size_t memory_;
};

}  // namespace worker::transaction
