// The text that identifies a session, from the head of a request or of a response.
//
// Pure. The text is a view into the head, or into `scratch` when it had to be decoded. The caller
// hashes it, and never stores or logs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"

namespace worker::http {

enum class SessionSource { basic_user, url_parameter, path_parameter, cookie, header };

// A longer text makes no session. No application needs one, and hashing it would take time.
inline constexpr std::size_t kMaxSessionText = 4 * 1024;

// The text in a request. `id` is the name of the parameter, cookie or field:
//   basic_user      the user of `Authorization: Basic`, decoded (no `id`)
//   url_parameter   the first value of `id` in the query, `?id=value`; names are case-sensitive
//   path_parameter  the text behind the first ';' of the path, up to '/', ';' or '?' (no `id`)
//   cookie          the first value of the cookie `id`; names are case-sensitive
//   header          the first value of the field `id`; names are not case-sensitive
// Returns nothing when the text is missing, empty or longer than kMaxSessionText.
std::optional<std::string_view> session_text(SessionSource source, std::string_view id,
                                             const RequestHead& head, std::string& scratch);

// The text that a response sets: the value of the last `Set-Cookie: id=value`, or of the field
// `id`. Returns nothing for the other sources, and for a response that deletes the cookie
// (Max-Age=0, or an empty value).
std::optional<std::string_view> learned_session_text(SessionSource source, std::string_view id,
                                                     const ResponseHead& head);

}  // namespace worker::http
