// The password hash $apr1$: see apr1.h.
#include "worker/auth/apr1.h"

#include <cstring>

#include "worker/tls/digest.h"

namespace worker::auth {
namespace {

constexpr std::string_view kMagic = "$apr1$";
constexpr int kRounds = 1000;

std::string_view text_of(const tls::Md5& digest) {
  return {static_cast<const char*>(static_cast<const void*>(digest.data())), digest.size()};
}

// A text that is hashed, wiped when it is done.
class Secret {
 public:
  explicit Secret(std::size_t most) { text_.reserve(most); }
  ~Secret() { ::explicit_bzero(text_.data(), text_.capacity()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  void clear() { text_.clear(); }
  void add(std::string_view part) { text_.append(part); }
  bool hash(tls::Md5& digest) const { return tls::md5(text_, digest); }

 private:
  std::string text_;
};

// The digest of password and salt, mixed by the length and by the bits of the length.
bool first_digest(std::string_view password, std::string_view salt, tls::Md5& digest) {
  Secret text(3 * password.size() + 256);
  for (const std::string_view part : {password, salt, password}) text.add(part);
  if (!text.hash(digest)) return false;
  const tls::Md5 mixed = digest;
  text.clear();
  for (const std::string_view part : {password, kMagic, salt}) text.add(part);
  for (std::size_t left = password.size(); left != 0;) {
    const std::size_t now = left < mixed.size() ? left : mixed.size();
    text.add(text_of(mixed).substr(0, now));
    left -= now;
  }
  constexpr std::string_view kZero("\0", 1);
  for (std::size_t bits = password.size(); bits != 0; bits >>= 1) {
    text.add((bits & 1) != 0 ? kZero : password.substr(0, 1));
  }
  return text.hash(digest);
}

bool stretch(std::string_view password, std::string_view salt, tls::Md5& digest) {
  Secret text(2 * password.size() + 64);
  for (int round = 0; round < kRounds; ++round) {
    const tls::Md5 before = digest;
    const bool is_odd = round % 2 != 0;
    text.clear();
    text.add(is_odd ? password : text_of(before));
    if (round % 3 != 0) text.add(salt);
    if (round % 7 != 0) text.add(password);
    text.add(is_odd ? text_of(before) : password);
    if (!text.hash(digest)) return false;
  }
  return true;
}

void append(std::string& out, unsigned long value, int characters) {
  constexpr std::string_view kAlphabet =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (; characters > 0; --characters, value >>= 6) out += kAlphabet[value & 63];
}

}  // namespace

std::string apr1(std::string_view password, std::string_view salt) {
  tls::Md5 digest{};
  if (!first_digest(password, salt, digest) || !stretch(password, salt, digest)) return {};
  std::string out(kMagic);
  out.append(salt).append("$");
  constexpr std::size_t kOrder[5][3] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
  for (const auto& [high, middle, low] : kOrder) {
    const unsigned long bits = static_cast<unsigned long>(digest[high]) << 16 |
                               static_cast<unsigned long>(digest[middle]) << 8 | digest[low];
    append(out, bits, 4);
  }
  append(out, digest[11], 2);
  return out;
}

}  // namespace worker::auth
