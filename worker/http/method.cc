// The table of methods: the IANA registry without CONNECT, TRACE and PRI.
#include "worker/http/method.h"

#include <algorithm>
#include <array>

#include "worker/http/chars.h"
#include "worker/http/sanitizer.h"

namespace worker::http {
namespace {

// The most frequent methods come first, since find_method searches from the front.
constexpr auto kMethods = std::to_array<Method>({
    {"GET", true},
    {"POST", false},
    {"HEAD", true},
    {"PUT", true},
    {"QUERY", true},
    {"DELETE", true},
    {"OPTIONS", true},
    {"PATCH", false},
    {"PROPFIND", true},
    {"PROPPATCH", true},
    {"REPORT", true},
    {"SEARCH", true},
    {"MKCOL", true},
    {"COPY", true},
    {"MOVE", true},
    {"LOCK", false},
    {"UNLOCK", true},
    {"ACL", true},
    {"BASELINE-CONTROL", true},
    {"BIND", true},
    {"CHECKIN", true},
    {"CHECKOUT", true},
    {"LABEL", true},
    {"LINK", true},
    {"MERGE", true},
    {"MKACTIVITY", true},
    {"MKCALENDAR", true},
    {"MKREDIRECTREF", true},
    {"MKWORKSPACE", true},
    {"ORDERPATCH", true},
    {"REBIND", true},
    {"UNBIND", true},
    {"UNCHECKOUT", true},
    {"UNLINK", true},
    {"UPDATE", true},
    {"UPDATEREDIRECTREF", true},
    {"VERSION-CONTROL", true},
});

}  // namespace

const std::string_view kAllowedMethods =
    "GET, POST, HEAD, PUT, QUERY, DELETE, OPTIONS, PATCH, PROPFIND, PROPPATCH, REPORT, SEARCH, "
    "MKCOL, COPY, MOVE, LOCK, UNLOCK, ACL, BASELINE-CONTROL, BIND, CHECKIN, CHECKOUT, LABEL, LINK, "
    "MERGE, "
    "MKACTIVITY, MKCALENDAR, MKREDIRECTREF, MKWORKSPACE, ORDERPATCH, REBIND, UNBIND, UNCHECKOUT, "
    "UNLINK, UPDATE, UPDATEREDIRECTREF, VERSION-CONTROL";

const Method* find_method(std::string_view name) {
  const auto* found = std::find_if(kMethods.begin(), kMethods.end(),
                                   [name](const Method& method) { return method.name == name; });
  return found == kMethods.end() ? nullptr : found;
}

bool is_refused_method(std::string_view name) {
  constexpr auto kRefused =
      std::to_array<std::string_view>({"connect", "trace", "track", "pri", "head"});
  return find_method(name) == nullptr &&
         std::any_of(kRefused.begin(), kRefused.end(), [name](std::string_view refused) {
           return equal_ignoring_case(name, refused);
         });
}

}  // namespace worker::http
