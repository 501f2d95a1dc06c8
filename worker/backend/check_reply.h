// What an active check asks of a backend, and whether the reply is the expected one.
//
// Pure: bytes in, outcome out. Keeps at most one response head and kMaxCheckBody bytes of a body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "shm/backend_checks.h"
#include "worker/http/body_reader.h"
#include "worker/http/response_head.h"

namespace worker::backend {

// How much of a body `Body` is searched in.
inline constexpr std::size_t kMaxCheckBody = std::size_t{64} * 1024;

// The request, or nothing when the check only connects. `backend` has a `Check`.
std::string check_request(const conf::Backend& backend);

class CheckReply {
 public:
  CheckReply(const conf::Check& check, const http::ResponseRules& rules)
      : check_(check), rules_(rules) {}

  // Begins with the next response, and frees the last one.
  void clear();
  // Takes what has come, and overwrites it. Nothing while the outcome is not known.
  std::optional<shm::CheckOutcome> take(char* data, std::size_t size);
  // The backend has closed the connection.
  shm::CheckOutcome end();

 private:
  std::optional<shm::CheckOutcome> take_head();
  std::optional<shm::CheckOutcome> take_body(char* data, std::size_t size);
  shm::CheckOutcome judge_body() const;

  const conf::Check& check_;
  const http::ResponseRules& rules_;
  std::string head_;         // bytes up to the end of the final head
  std::size_t scanned_ = 0;  // by the parser
  std::size_t interims_ = 0;
  bool has_head_ = false;
  http::BodyReader body_;
  std::string text_;  // of the body
};

}  // namespace worker::backend
