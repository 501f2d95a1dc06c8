// The fields of one head, as views into the bytes it was parsed from.
//
// Fixed capacity, no allocation. The views live as long as the parsed bytes. Names are compared
// without regard to case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace worker::http {

// Fields that Pound treats in a special way; every other field is `other`.
enum class FieldId : std::uint8_t {
  other,
  authorization,
  connection,
  content_length,
  cookie,
  date,
  expect,
  forwarded,
  host,
  keep_alive,
  proxy_connection,
  proxy_only,  // names that a client must not set: those of kProxyOnly in header_list.cc
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
  x_real_ip,
  x_ssl,  // every name that begins with X-SSL-
};

// `name` is a token.
FieldId field_id(std::string_view name);

// The same, but every byte of `name` except letters and digits counts as '-'. Programs behind a
// CGI-like interface cannot tell X_Forwarded_For or X.Forwarded.For from X-Forwarded-For.
FieldId twin_field_id(std::string_view name);

struct Field {
  std::string_view name;
  std::string_view value;  // without the white space around it
  FieldId id = FieldId::other;
  bool plain = false;  // the name has letters, digits and '-' only, so it is no twin of another
};

inline constexpr std::size_t kMaxFields = 100;      // in a head, by default
inline constexpr std::size_t kFieldCapacity = 256;  // the largest possible limit

class HeaderList {
 public:
  // Removes all fields. From now on the list takes up to `most` fields.
  void clear(std::size_t most = kMaxFields);
  // Returns false when the list is full.
  bool add(const Field& field) {
    if (size_ == most_) return false;
    fields_[size_++] = field;
    seen_ |= 1u << static_cast<unsigned>(field.id);
    return true;
  }
  // Gives the field at `index` another value, which outlives the use of the list.
  void set_value(std::size_t index, std::string_view value) { fields_[index].value = value; }
  // Keeps the order of the others.
  template <typename Which>
  void remove_if(Which&& which) {
    std::size_t kept = 0;
    seen_ = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (which(fields_[i])) continue;
      if (kept != i) fields_[kept] = fields_[i];
      seen_ |= 1u << static_cast<unsigned>(fields_[kept].id);
      ++kept;
    }
    size_ = kept;
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
  std::uint32_t seen_ = 0;  // one bit per FieldId: most look-ups are for absent fields
};

}  // namespace worker::http
