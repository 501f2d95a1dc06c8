// The compression of one response: an encoder, and the memory that it takes of the worker's buffer
// memory while it is at work.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "worker/compress/encoder.h"
#include "worker/transaction/buffer_budget.h"

namespace worker::transaction {

class Compression {
 public:
  // Null when memory is short.
  static std::unique_ptr<Compression> begin(const conf::Compress::Offer& offer,
                                            BufferBudget& budget);
  ~Compression() { budget_.give(memory_); }
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  // Appends to `out` what `data` becomes; nothing of it waits for more. False: the library failed.
  [[nodiscard]] bool encode(std::string_view data, bool is_last, std::string& out);

 private:
  Compression(BufferBudget& budget, std::size_t memory) : budget_(budget), memory_(memory) {}

  BufferBudget& budget_;
  std::size_t memory_;
  std::unique_ptr<compress::Encoder> encoder_;
};

}  // namespace worker::transaction
