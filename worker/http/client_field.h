// The field in which proxies name the client, and the addresses in it.
//
// Pure, and judges no address: it cuts the texts of addresses out of the field. The fields come
// from anybody, and only what stands on the right was added by the proxies nearest to Pound. So a
// walk goes from right to left, and what stands on the left cannot change how it reads the right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

struct ClientField {
  enum class Kind : std::uint8_t {
    x_forwarded_for,  // a list of addresses
    forwarded,        // RFC 7239
    single,           // `name`: one address, such as CF-Connecting-IP
  };
  Kind kind = Kind::x_forwarded_for;
  std::string name = {};  // of `single`
};

// One element of the list.
struct Hop {
  enum class Kind : std::uint8_t {
    address,    // `address`, which need not be one
    hidden,     // RFC 7239: unknown, obfuscated, or not said
    malformed,  // what is on its left cannot be read
  };
  Kind kind = Kind::malformed;
  std::string_view address = {};  // without brackets and port
};

// All elements of all fields, from the last to the first, without empty ones. Linear.
class HopWalk {
 public:
  // Borrows both.
  HopWalk(const HeaderList& fields, const ClientField& wanted);

  // Nothing at the end.
  std::optional<Hop> next();

 private:
  bool is_wanted(const Field& field) const;
  std::optional<Hop> single();

  const HeaderList& fields_;
  const ClientField& wanted_;
  std::size_t left_;       // fields that are not read yet
  std::string_view rest_;  // of the value of the field that is being read
};

// Whether all Forwarded fields follow RFC 7239, so that an element can be added.
bool can_extend_forwarded(const HeaderList& fields);

// What stands for the client of a Unix socket in place of an address; in Forwarded, "unknown".
inline constexpr std::string_view kUnixClient = "unix:";

// One element of Forwarded: "for=192.0.2.7;proto=https;host=www.example.com", with quotes where a
// value needs them. Without a host, it says nothing about it.
std::string forwarded_element(std::string_view ip, std::string_view proto, std::string_view host);

}  // namespace worker::http
