// The fields of one head, as views into the bytes it was parsed from.
//
// Fixed capacity, no allocation; filled by parse_request_head, parse_response_head. The views live
// as long as the parsed bytes do. Names are compared without regard to case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace worker::http {

// Fields that this proxy has to know; everything else is `other`.
enum class FieldId : std::uint8_t {
  other,
  authorization,
  connection,
  content_length,
  cookie,
  date,
  expect,
  host,
  keep_alive,
  proxy_connection,
  referer,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
  x_ssl,  // any name that begins with X-SSL-
};

// `name` is a token.
FieldId field_id(std::string_view name);

// The same for a name in which all but letters and digits are read as '-': programs behind a
// CGI-like interface cannot tell X_Forwarded_For or X.Forwarded.For from X-Forwarded-For.
FieldId twin_field_id(std::string_view name);

struct Field {
  std::string_view name;
  std::string_view value;  // without the white space around it
  FieldId id = FieldId::other;
  bool plain = false;  // the name has only letters, digits and '-': it is nobody's twin
};

inline constexpr std::size_t kMaxFields = 100;      // in a head, unless more or less is asked for
inline constexpr std::size_t kFieldCapacity = 256;  // the most that can be asked for

class HeaderList {
 public:
  // From now on `most` fields fit.
  void clear(std::size_t most = kMaxFields);
  // False when full.
  bool add(const Field& field) {
    if (size_ == most_) return false;
    fields_[size_++] = field;
    seen_ |= 1u << static_cast<unsigned>(field.id);
    return true;
  }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + size_; }
  std::size_t size() const { return size_; }

  const Field* find(FieldId id) const;  // the first, or nullptr
  std::size_t count(FieldId id) const;
  bool has(FieldId id) const { return (seen_ >> static_cast<unsigned>(id) & 1u) != 0; }

 private:
  std::array<Field, kFieldCapacity> fields_;
  std::size_t size_ = 0;
  std::size_t most_ = kMaxFields;
  std::uint32_t seen_ = 0;  // one bit per FieldId: most questions are about absent fields
};

}  // namespace worker::http
