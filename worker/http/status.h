// The standard status codes and their reason phrases.
#pragma once

#include <span>
#include <string_view>

namespace worker::http {

struct StatusPhrase {
  int status;
  std::string_view phrase;
};

// Every status that has a standard phrase, in ascending order.
std::span<const StatusPhrase> known_statuses();

// The standard reason phrase. Of an unknown status: "Error" from 400 on, else empty.
std::string_view reason_phrase(int status);

}  // namespace worker::http
