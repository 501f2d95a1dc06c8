// What tells one client from another: the text that a session is kept by.
//
// Pure. The text is found in the request's head, or learned from the response's; it is a view into
// the head, or into `scratch` where it had to be decoded. It is hashed by the caller and never
// stored or logged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"

namespace worker::http {

enum class SessionSource { basic_user, url_parameter, path_parameter, cookie, header };

// A longer text is no session: nobody needs it, and hashing it would cost.
inline constexpr std::size_t kMaxSessionText = 4 * 1024;

// `id` is the parameter's, cookie's or field's name; unused for basic_user and path_parameter.
//   basic_user      the user of `Authorization: Basic`, decoded
//   url_parameter   the value of `id` in the query, `?id=value`, first one, names case-sensitive
//   path_parameter  what stands behind the first ';' of the path, up to '/', ';' or '?'
//   cookie          the value of the cookie `id`, first one, names are case-sensitive
//   header          the value of the field `id`, first one, names are not case-sensitive
// Nothing when it is not there, empty or longer than kMaxSessionText.
std::optional<std::string_view> session_text(SessionSource source, std::string_view id,
                                             const RequestHead& head, std::string& scratch);

// What a response makes known: the value of the last `Set-Cookie: id=value`, or of the field `id`;
// nothing for the other sources. A cookie that is being deleted (Max-Age=0, or an empty value) is
// nothing.
std::optional<std::string_view> learned_session_text(SessionSource source, std::string_view id,
                                                     const ResponseHead& head);

}  // namespace worker::http
