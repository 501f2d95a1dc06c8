// The fields of an access record one by one, as JSON and named formats show them.
//
// Pure. What a field means, and how many bytes of it a line may have, is here only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "conf/access_log.h"
#include "worker/log/access_record.h"

namespace worker::log {

inline constexpr std::size_t kMaxName = 512;  // of what comes from the configuration, and of hosts

struct FieldValue {
  enum class Kind : std::uint8_t { none, text, number, milliseconds, time };
  Kind kind = Kind::none;
  std::string_view text = {};  // foreign bytes
  std::size_t most = 0;        // bytes of the text after escaping
  std::uint64_t number = 0;    // of a number; microseconds
};

// The value of `time` is in the record itself: begun_at and begun_ms. `most_of_line`: the limit of
// the request's target and of its line.
FieldValue value_of(conf::LogField field, const AccessRecord& record, std::size_t most_of_line);

}  // namespace worker::log
