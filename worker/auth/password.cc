// Whether a password is the one of a hash: see password.h.
#include "worker/auth/password.h"

#include <crypt.h>

#include <cstring>
#include <memory>
#include <string>

#include "worker/auth/apr1.h"
#include "worker/http/basic.h"

namespace worker::auth {
namespace {

static_assert(http::kMaxPassword < CRYPT_MAX_PASSPHRASE_SIZE);

constexpr std::string_view kApr1 = "$apr1$";

struct Wipe {
  void operator()(crypt_data* data) const {
    ::explicit_bzero(data, sizeof *data);
    delete data;
  }
};

// The lengths are no secret: a kind of hash has one.
bool same(std::string_view one, std::string_view other) {
  if (one.size() != other.size() || one.empty()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (one[i] ^ other[i]));
  }
  return difference == 0;
}

bool matches_crypt(const std::string& password, const std::string& hash) {
  const std::unique_ptr<crypt_data, Wipe> data(new crypt_data{});
  // Not crypt_r: the address sanitizer has one of its own, for which the linker leaves libcrypt
  // out.
  const char* const made =
      ::crypt_rn(password.c_str(), hash.c_str(), data.get(), sizeof(crypt_data));
  return made != nullptr && same(made, hash);
}

bool matches_apr1(std::string_view password, std::string_view hash) {
  const std::string_view rest = hash.substr(kApr1.size());
  return same(apr1(password, rest.substr(0, rest.find('$'))), hash);
}

}  // namespace

bool matches(std::string_view password, std::string_view hash) {
  if (hash.starts_with(kApr1)) return matches_apr1(password, hash);
  std::string text;
  text.reserve(http::kMaxPassword + 1);
  text = password;
  const bool is_right = matches_crypt(text, std::string(hash));
  ::explicit_bzero(text.data(), text.size());
  return is_right;
}

}  // namespace worker::auth
