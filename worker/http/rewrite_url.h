// URLs in fields that name a server as one side of Pound knows it, for the other side: Location and
// Content-Location of a response, Destination of a request (RFC 4918 10.3).
//
// Pure. A URL changes only if its authority is exactly one of those that the caller names: without
// regard to letter case, and with the scheme's own port where there is none. Relative references,
// user names, other hosts and other ports stay as they are. Only scheme and authority change, never
// what follows them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace worker::http {

// An absolute URL of a web server, in two parts.
struct WebUrl {
  bool https;
  std::string_view authority;  // perhaps with a user, or not valid at all
  std::string_view rest;       // from the path on; perhaps empty
};
std::optional<WebUrl> split_web_url(std::string_view url);

// What a client has asked, as it sees it.
struct AskedServer {
  bool https = false;
  std::string_view authority;  // a valid one; empty: it is not known
};

// The value of Location or Content-Location for the client; nothing: it stays. `backend` has all
// authorities of the backend, with port: "10.0.0.1:8080". With `fixes_scheme`, a URL of the asked
// server with the other scheme gets the client's scheme.
std::optional<std::string> location_for_client(std::string_view location, const AskedServer& asked,
                                               std::span<const std::string> backend,
                                               bool fixes_scheme);

// Gives the Destination of a written request head the authority `host`, if it names what the client
// has asked, and returns where its scheme begins. 0: there is no such field, or not exactly one, or
// it names something else, and nothing has changed.
std::size_t aim_destination(std::string& head, const AskedServer& asked, std::string_view host);
// Sets the scheme that aim_destination() has found.
void set_destination_scheme(std::string& head, std::size_t at, bool https);

}  // namespace worker::http
