// How verdicts are written in the readable cases of heads and of header blocks.
#pragma once

#include <string>

#include "worker/http/framing.h"

namespace http_cases {

inline std::string body_text(const worker::http::Framing& body) {
  using Kind = worker::http::Framing::Kind;
  switch (body.kind) {
    case Kind::none:
      return "none";
    case Kind::length:
      return "length:" + std::to_string(body.length);
    case Kind::chunked:
      return "chunked";
    case Kind::until_close:
      return "until_close";
  }
  return "?";
}

inline std::string yes(bool value) { return value ? "yes" : "no"; }

}  // namespace http_cases
