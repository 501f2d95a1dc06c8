// Basic authentication (RFC 7617): the credentials of a request, and the challenge that asks for
// them.
//
// Pure. Judges the form only; worker/auth knows the users.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

// In bytes. Longer ones match no user: a file of users holds no longer names, and crypt(3) takes no
// longer passwords.
inline constexpr std::size_t kMaxUser = 255;
inline constexpr std::size_t kMaxPassword = 511;

struct BasicCredentials {
  enum class State : unsigned char {
    missing,  // no Authorization, or of another scheme
    bad,  // several Authorization fields, no canonical base64, no colon, control bytes, too long
    good,
  };
  State state = State::missing;
  std::string_view user = {};      // without a colon; may be empty
  std::string_view password = {};  // may be empty
};

// Decodes into `scratch`, which the views refer to. The caller wipes it.
BasicCredentials basic_credentials(const HeaderList& fields, std::string& scratch);

// The value of WWW-Authenticate. `realm`: printable ASCII.
std::string basic_challenge(std::string_view realm);

}  // namespace worker::http
