// What the parts of the translation share: inherited settings, names, and how a key gets its place.
//
// Private to master/convert. Each function that takes a directive gives it a verdict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "master/convert/directive.h"
#include "master/convert/trial.h"
#include "master/convert/yaml.h"

namespace master::convert {

// What the result says although the source does not.
struct Addition {
  Place where;
  std::string text;
};

struct Context {
  // Inherited by listeners, services and backends, with the defaults of Pound 2.x.
  std::size_t client = 10;
  std::optional<std::size_t> timeout, connect;
  std::size_t stream = 600;  // WSTimeOut
  std::size_t threads = 128;
  std::size_t alive = 30;
  bool ignores_case = false;
  std::string balance;                                           // empty: the default of Pound
  std::map<std::string, std::vector<std::string>> access_lists;  // by name
  std::map<std::string, Directive> named_backends;               // of 4.x, by name
  std::map<std::string, std::string> anchors_of_named;

  Yaml backends = Yaml::list();
  std::set<std::string> anchors;  // all that are taken
  std::vector<Addition> additions;

  // A name for an anchor: readable, and not taken yet.
  std::string take_anchor(std::string_view wish);
};

inline constexpr std::size_t kDay = 86'400;

// A directive that is a key of the result with the same value.
struct Key {
  enum class Shape : std::uint8_t { text, number, truth };
  std::string_view name;  // of the directive, in lower case
  std::string_view key;
  Shape shape = Shape::text;
  std::size_t least = 0, most = 0;  // of a number
};

// A directive without a counterpart.
struct NoKey {
  std::string_view name;
  std::string_view why;
};

// Writes `key: value` with the comments of the directive. False when Pound does not accept the
// value or has the key already; the directive is then left out.
bool put(Yaml& section, Part part, Directive& directive, std::string_view key, Yaml value);
// Adds one more text to a key that takes a list.
bool put_item(Yaml& section, Part part, Directive& directive, std::string_view key,
              std::string_view text);
// Writes the comments of a directive that makes no key of its own, and why it was left out.
void put_remark(Yaml& section, Directive& directive);

// Whether the directive is in the table; it is then done.
bool put_key(std::span<const Key> keys, Yaml& section, Part part, Directive& directive);
bool drop(std::span<const NoKey> no_keys, Yaml& section, Directive& directive);
// For what is in no table. An Include has its verdict already.
void put_unknown(Yaml& section, Directive& directive);

// The only argument of a directive. Nothing, and the directive is left out, if it is none. A number
// out of range becomes the nearest one in range.
std::optional<std::string> text_of(Directive& directive);
std::optional<std::size_t> number_of(Directive& directive, std::size_t least, std::size_t most);
std::optional<bool> truth_of(Directive& directive);

// Whether a listener or backend has the path of a Unix socket as its Address.
bool has_socket(const Directive& section);
// Port: a number, or http or https. Not beside the path of a socket.
void put_port(Yaml& section, Part part, Directive& directive, bool has_socket);

// The networks in the section of an access list.
std::vector<std::string> networks_of(Directive& section);
// The same, or those of the named list that the directive refers to. Nothing if there is none.
std::optional<std::vector<std::string>> access_list_of(Context& context, Directive& directive);

// LogLevel of Global or of a listener.
void put_log_level(Yaml& section, Part part, Directive& directive);
// ErrNNN or ErrorFile NNN. False for any other directive.
bool put_error_page(Yaml& section, Part part, Directive& directive);
// TrustedIP and ForwardedHeader of 4.x. False for any other directive.
bool put_proxies(Context& context, Yaml& section, Part part, Directive& directive);
// HeadRemove, AddHeader and what 4.x has of the kind. False for any other directive. `scheme` is
// that of the listener, empty in a service.
bool put_header_edit(Yaml& section, Part part, Directive& directive, std::string_view scheme);
// The lowest version of TLS that `Disable` leaves.
void put_disable(Yaml& section, Part part, Directive& directive);
void put_ciphers(Yaml& section, Part part, Directive& directive);

// Parts of the result. A service without an anchor is one that has been written as a comment.
void translate_backend(Context& context, Directive& directive, const std::string& anchor,
                       bool has_weights);
Entry translate_service(Context& context, Directive& directive, const std::string& name);
// One condition of a service. False if it is none.
bool put_condition(Context& context, Yaml& service, Directive& directive, bool ignores_case);
// `shared` are the anchors of the global services.
Yaml translate_listener(Context& context, Directive& directive, const std::string& name,
                        const std::vector<std::string>& shared, std::size_t stream_timeout);
// The longest WSTimeOut of the backends of some services.
std::size_t stream_timeout_of(const Context& context, std::span<Directive> services);

}  // namespace master::convert
