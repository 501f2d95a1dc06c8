// See request_ids.h.
#include "worker/transaction/request_ids.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace worker::transaction {
namespace {

constexpr std::uint64_t kNsOfMs = 1'000'000;
constexpr std::uint64_t kStepsOfMs = 4096;
constexpr std::uint64_t kVersion = std::uint64_t{7} << 12U;
constexpr std::uint64_t kVariant = std::uint64_t{2} << 62U;

std::mt19937_64 seeded() {
  std::array<std::uint32_t, 16> seed;
  if (::getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    throw std::system_error(errno, std::generic_category(), "no random bytes for ids of requests");
  }
  std::seed_seq sequence(seed.begin(), seed.end());
  return std::mt19937_64(sequence);
}

char* put_hex(char* out, std::uint64_t number, int digits) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *out++ = kHex[(number >> shift) & 15U];
  return out;
}

}  // namespace

RequestIds::RequestIds() : random_(seeded()) {}

void RequestIds::append_next(std::uint64_t unix_ns, std::string& out) {
  const std::uint64_t fraction = unix_ns % kNsOfMs * kStepsOfMs / kNsOfMs;
  const std::uint64_t step = unix_ns / kNsOfMs * kStepsOfMs + fraction;
  last_step_ = std::max(step, last_step_ + 1);
  const std::uint64_t ms = last_step_ / kStepsOfMs;
  const std::uint64_t low = kVariant | random_() >> 2U;
  std::array<char, 36> text;
  char* at = put_hex(text.data(), ms >> 16U, 8);
  *at++ = '-';
  at = put_hex(at, ms & 0xffffU, 4);
  *at++ = '-';
  at = put_hex(at, kVersion | last_step_ % kStepsOfMs, 4);
  *at++ = '-';
  at = put_hex(at, low >> 48U, 4);
  *at++ = '-';
  put_hex(at, low, 12);
  out.append(text.data(), text.size());
}

}  // namespace worker::transaction
