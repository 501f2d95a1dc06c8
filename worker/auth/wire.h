// What a worker and the helper say to each other: one message of a SOCK_SEQPACKET socket each.
//
// Both are processes of one program, so structs go as they are in memory. Neither trusts the other:
// each checks the size of a message and all that is in it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "worker/http/basic.h"

namespace worker::auth {

// From a worker: is this the password of this user?
struct Question {
  std::uint64_t id = 0;    // not 0; random at first, so that no answer to a former worker fits
  std::uint32_t file = 0;  // the index of the file of users
  std::uint16_t user_size = 0;
  std::uint16_t password_size = 0;
  char text[http::kMaxUser + http::kMaxPassword] = {};  // the user, then the password

  void set(std::string_view user, std::string_view password) {
    user_size = static_cast<std::uint16_t>(user.copy(text, http::kMaxUser));
    password_size = static_cast<std::uint16_t>(password.copy(text + user_size, http::kMaxPassword));
  }
  bool is_sound() const {
    return id != 0 && user_size <= http::kMaxUser && password_size <= http::kMaxPassword &&
           std::memchr(text, '\0', std::size_t{user_size} + password_size) == nullptr;
  }
  std::string_view user() const { return {text, user_size}; }
  std::string_view password() const { return {text + user_size, password_size}; }
  void wipe() { ::explicit_bzero(static_cast<void*>(this), sizeof *this); }
};

// From the helper. With id 0 it says that it has just started, and knows of no question.
struct Answer {
  std::uint64_t id = 0;
  std::uint64_t is_match = 0;  // 1: yes; everything else: no
};

}  // namespace worker::auth
