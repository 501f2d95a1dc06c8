// The text of an htpasswd file: which users it has, and the hashes of their passwords.
//
// Pure. A line is `USER:HASH`, where HASH is bcrypt ($2a$, $2b$, $2y$), SHA-256 or SHA-512 crypt
// ($5$, $6$) or $apr1$. Empty lines and lines that begin with # are skipped. Everything else is a
// fault: plain text, {SHA} and DES are no protection, and a line that is skipped without a word
// locks its user out. Says nothing of a hash in a fault, because faults are shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace worker::auth {

inline constexpr std::size_t kMostFile = std::size_t{4} << 20;  // bytes
inline constexpr std::size_t kMostUsers = 50'000;
// A check should take no longer than about 4 s on a slow machine.
inline constexpr unsigned kMostBcryptCost = 16;
inline constexpr unsigned kMostRounds = 5'000'000;  // of $5$ and $6$

struct User {
  std::string_view name;
  std::string_view hash;
};

struct LineFault {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1
  std::string message;     // what was found, and what was expected
};

struct Users {
  std::vector<User> all;  // in the order of their names, which differ; views of the text
  std::vector<LineFault> faults;

  const User* find(std::string_view name) const;
};

Users read_users(std::string_view text);

}  // namespace worker::auth
