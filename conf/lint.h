// The kinds of warnings about a configuration, each with a code that an operator can silence.
//
// A warning is about something that works, but perhaps not as its author means. `Lint` in Global
// silences a kind: `Lint: [-unused-backend]`. The manual lists the codes; a test compares.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace conf {

enum class Lint : std::uint8_t {
  all_disabled,       // no backend of a service takes new clients
  certificate_dates,  // a certificate or a revocation list ends soon, has ended or is not valid yet
  default_threads,    // `Threads` is left at its default before several backends
  double_hsts,        // responses have two Strict-Transport-Security
  empty_users,        // a file of users has none
  everybody_trusted,  // `TrustedProxies` has all addresses
  host_pattern,       // a pattern for Host matches more hosts than it says
  locked_memory,      // private keys may be swapped out
  missing_address,    // this machine does not have the address of a listener
  missing_socket,     // nothing is at the path of a backend, or it is no socket
  needs_restart,      // a reload cannot change this key
  never_matches,      // a pattern that nothing can match
  no_backends,        // a service that can answer 503 only
  no_effect,          // a key without the other one that it works with
  no_services,        // a listener that can answer 404 only
  overlapping_address,  // a listener at one address beside one at all addresses
  public_state,         // `Serve` at a public address
  readable_secret,      // everybody on this machine may read a secret
  redirect_loop,        // a service redirects to itself
  unknown_cipher,       // a cipher that OpenSSL lacks or that is too weak
  unreachable_service,  // no request can reach a service
  unresolved_name,      // the name of a backend or of the session store does not resolve
  unused_backend,       // no service uses a backend
  unused_service,       // no listener uses a service
  unused_store,         // no service has a session that the store could keep
  weak_key,             // the key of a certificate is weak
  writable_jail,        // workers may write to their jail
};

// "unused-backend": lower case, with hyphens.
std::string_view lint_code(Lint lint);
std::optional<Lint> find_lint(std::string_view code);
// In alphabetical order.
std::vector<std::string_view> lint_codes();

}  // namespace conf
