// The configuration as plain constant data: what a file means, without how it was written.
//
// Made by conf::load, then only read. The master keeps it; every worker inherits it by fork.
// Nothing here opens a file, resolves a name or knows about sockets. Each field names its YAML key,
// unit, range and default; the tables in schema.cc are the other half of this contract.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conf/access_log.h"
#include "conf/address_list.h"
#include "conf/check.h"
#include "conf/compress.h"
#include "conf/diagnostic.h"
#include "conf/edits.h"
#include "conf/matchers.h"
#include "conf/pages.h"
#include "conf/pattern.h"

namespace conf {

struct SecretFile {
  std::string path;
  Position where;
};
inline constexpr std::size_t kMostSecrets = 2;

// The code of a sanitizer rule that is relaxed, as written. worker::prepare knows the rules.
struct AllowedRule {
  std::string code;
  Position where;
};

// What clients may speak. HTTP/2 is `h2` over TLS and `h2c` without.
enum class Protocol { http1, http2 };

// The name of a cipher, as written.
struct CipherName {
  std::string name;
  Position where;
};

struct Tls {
  struct Certificate {
    std::string path;  // a PEM file, a folder or a pattern; with `key`: a PEM file
    Position where;
    std::string key = {};  // Key: the PEM file of its key; default: found by tls/files.h
    Position key_where = {};
  };
  enum class Version { tls1_2, tls1_3 };
  struct ClientCert {
    enum class Mode { ask, require };
    Mode mode = Mode::ask;  // Mode: ask for a certificate, or refuse clients without one
    std::string ca;         // CA: a PEM file of the authorities that Pound trusts
    unsigned depth = 9;     // Depth: 1..100 certificates from the client's to an authority
    // CRL: a PEM file of revocation lists, in addition to those in CA; default: none
    std::string crl;
    Position where;
    Position ca_where, crl_where;
  };
  std::vector<Certificate> certificates;  // Certificates: at least one
  std::vector<CipherName> ciphers;        // Ciphers; empty = default
  Version min_tls = Version::tls1_2;      // MinTLS: "1.2" (default) or "1.3"
  std::optional<ClientCert> client_cert;  // ClientCert; default: clients are not asked for one
  bool strict_sni = false;       // StrictSNI: 421 for hosts that are not in the certificate
  std::chrono::seconds hsts{0};  // HSTS: 0..63072000 s; default 0 = no such header
  Position hsts_where;
  std::vector<Protocol> protocols{Protocol::http1};  // those of the listener, for ALPN
};

// How Pound speaks TLS with a backend. `TLS: true` is all defaults.
struct BackendTls {
  bool verify = true;  // Verify: whether its certificate must be valid for `name`
  std::string ca;      // CA: a PEM file of authorities; empty (`system`): those of the system
  std::string name;    // Name: of the certificate, and for SNI; default: the backend's Address
  std::optional<Tls::Certificate> certificate;  // Cert, Key: what Pound shows when it is asked
  Tls::Version min_tls = Tls::Version::tls1_2;  // MinTLS: "1.2" (default) or "1.3"
  std::vector<CipherName> ciphers;              // Ciphers; empty = default
  bool alpn = false;                            // ALPN: whether to ask for http/1.1; default off
  Position where;
  Position ca_where;
};

// Where several machines keep their sessions together: a store that speaks the protocol of Redis.
struct SessionStore {
  struct Server {
    std::string address;  // numeric IP (no brackets) or a host name, not yet resolved
    Position where;
  };
  std::vector<Server> servers;  // Address: 1..8, the first one that serves is used
  std::uint16_t port = 6379;    // Port: 1..65535, of all addresses
  std::string user;             // User: of the store's access list; default: none
  std::string password;         // Password: the path of a file; empty: none
  Position password_where;
  std::optional<BackendTls> tls;          // TLS: default plain TCP
  unsigned database = 0;                  // Database: 0..65535
  std::string prefix = "pound";           // Prefix: of all keys, 1..64 printable characters
  std::chrono::milliseconds timeout{50};  // TimeOut: 1..5000 ms that a request may wait for it
  std::string sentinel;  // Sentinel: the name of the primary that the servers watch; default: none
  Position where;
};
inline constexpr std::size_t kMostStoreServers = 8;

struct Global {
  std::optional<std::string> user;  // User: a name in the user database; default: no change of user
  std::optional<std::string> group;      // Group: likewise
  std::optional<std::string> root_jail;  // RootJail: directory to chroot to; default: none
  ErrorPageFiles error_pages;            // Err404 and the like
  unsigned workers = 0;                  // Workers: 1..64; default 0 = one for each CPU
  unsigned max_sessions = 262144;        // MaxSessions: 1024..16777216, fixed at start
  unsigned max_limits = 262144;          // MaxLimits: 1024..16777216 clients, fixed at start
  // BufferMemory: 1M..1T bytes in each worker, for all bodies that it holds for its clients.
  std::uint64_t buffer_memory = std::uint64_t{64} << 20;
  std::chrono::seconds grace{30};       // Grace: 0..86400 s, the longest time to drain
  std::chrono::seconds alive{60};       // Alive: 1..86400 s between probes of a dead backend
  int log_facility = 3 << 3;            // LogFacility: a syslog(3) facility; default daemon
  std::string log_socket = "/dev/log";  // LogSocket: path of the syslog socket
  AccessLog access_log;                 // AccessLog: default combined
  // RequestID: the name of a field, a token; empty: no request has an id
  std::string request_id;
  Position request_id_where;
  // TrustedProxies: proxies whose word Pound takes for the address of a client. Default: none
  AddressList trusted_proxies;
  std::string client_field = "X-Forwarded-For";  // ClientField: a token
  // Secret: at most two files of 32..4096 bytes, the same on several machines. What Pound makes of
  // a secret is made of the first and recognised from both. Default: random bytes
  std::vector<SecretFile> secrets;
  std::optional<SessionStore> session_store;  // SessionStore: default none; needs a Secret
  Position where;
  Position user_where, group_where, root_jail_where;
  Position max_sessions_where, max_limits_where;
  bool is_whole = true;  // no error was found in it; false in a Draft (conf/load.h) only
};

// A whole "Name: value" line of HeadAdd, valid.
struct AddedLine {
  std::string text;
  Position where;
};

struct Backend {
  std::string name;  // its anchor, else "address:port" or the path; escaped for the log
  // Address: numeric IP (no brackets) or a host name, not yet resolved, or the path of a Unix
  // socket, as workers see it: in the jail if there is one
  std::string address;
  std::uint16_t port = 0;                    // Port: 1..65535; 0 beside a path
  std::chrono::seconds timeout{15};          // TimeOut: 1..86400 s of silence
  std::chrono::seconds connect_timeout{15};  // ConnTO: 1..86400 s; default = TimeOut
  std::chrono::seconds resolve{30};          // Resolve: 0..86400 s between look-ups; 0 = none
  unsigned threads = 8;                      // Threads: 0..65535 in flight; 0 = no limit
  unsigned own_weight = 0;                   // Weight: 1..65535; default 0 = that of Threads
  bool disabled = false;                     // Disabled: it gets no new clients
  std::vector<AddedLine> head_add;           // HeadAdd
  std::size_t max_headers = 100;             // MaxHeaders: 1..256 fields of a response; 502
  Edits edits;                               // Request, Reply
  std::vector<AllowedRule> allow;            // Allow: for its responses
  std::optional<BackendTls> tls;             // TLS: default plain TCP
  std::optional<Check> check;                // Check; default: probes of dead backends only
  std::optional<Eject> eject;                // Eject; default: errors do not take it out of use
  std::chrono::seconds warmup{0};  // Warmup: 0..3600 s of rising weight after it came back
  // ProxyProtocol: the version of the header that names the client on each connection, 1 or 2;
  // default 0 = none
  unsigned proxy_protocol = 0;
  Position where, address_where;
  bool is_whole = true;  // as in Global

  // Share of the load among the live backends of a service.
  unsigned weight() const {
    if (own_weight != 0) return own_weight;
    return threads != 0 ? threads : 8;
  }
};

// Which clients are served. The longest network decides.
struct ClientList {
  AddressList allow;  // Allow: when there is one, a client in neither list is refused; 403
  AddressList deny;   // Deny
};

struct SessionPolicy {
  enum class Type { none, ip, basic, url, parm, cookie, header, insert };
  Type type = Type::none;  // Type: default IP; `Session: 300` is {Type: IP, TTL: 300}
  // TTL: 0..31536000 s since the last use; 0 = none (type none). INSERT needs none: then its cookie
  // ends with the browser, and this is 0.
  std::chrono::seconds ttl{0};
  std::string id;       // ID: the parameter, cookie or field (URL, COOKIE, HEADER; INSERT: PSRV)
  unsigned mask4 = 32;  // Mask4: 0..32 leading bits of an IPv4 address that tell clients apart (IP)
  unsigned mask6 = 128;  // Mask6: 0..128 leading bits of an IPv6 address (IP)
};

// The URL that a service redirects to: scheme, host, port and path joined.
struct Redirect {
  int code = 302;      // Code: 301, 302, 303, 307 or 308
  std::string scheme;  // URL: "http://" or "https://"
  std::string
      host;  // a name or an IP address (IPv6 in brackets); empty: that of the request ($host)
  std::string port;  // with its colon; empty: the default of the scheme
  std::string path;  // with query and fragment; empty: path and query of the request
  // `path`, where it has variables: $host, $path, $query and groups of `url`
  std::optional<Template> path_template;
  std::optional<CapturePattern> url;  // the service's URL, where the path has groups of it
  Position where;
};

// The users of a service and their passwords (Basic authentication, RFC 7617).
struct Auth {
  std::string realm;  // Realm: 1..255 printable ASCII characters, shown to the user
  std::string users;  // Users: an htpasswd file; its hashes are read by worker/auth only
  Position users_where;
};

// A method that a listener takes besides the registered ones. worker::prepare knows those.
struct AddedMethod {
  std::string name;  // a token
  Position where;
};

// What a service asks of a request. What a kind means stands in the table of conf/service.h.
struct Condition {
  enum class Kind {
    url,           // URL: found in path and query, case-sensitive; at most one
    head_require,  // HeadRequire: each is found in some "Name: value" line
    head_deny,     // HeadDeny: none is found in any "Name: value" line
  };

  Kind kind;
  Pattern pattern;
};

// How a service chooses the backend of a request without a session.
enum class Balance { random, least, two, roundrobin, hash };

// What a choice by hash depends on.
struct HashKey {
  enum class Kind { address, path, header, cookie };
  Kind kind = Kind::address;
  std::string name = {};  // of the field or cookie; a request without it counts by its address
};

// What Pound answers itself in place of backends.
enum class Serve { status, metrics };

// In which order the requests of a service get slots.
enum class QueueOrder { equal, known_first };

// Which failed requests of a service another backend may serve. Without Retry: the defaults of the
// members, and no budget.
struct RetryPolicy {
  enum class Methods { idempotent, all, listed };
  unsigned times = 1;                     // Times: 0..10 more backends that may get one request
  bool after_connect = true;              // When: connect
  bool after_reset = true;                // When: reset
  std::vector<int> statuses;              // When: 502, 503, 504, of a backend's response
  Methods methods = Methods::idempotent;  // Methods
  std::vector<AddedMethod> names;         // of them, where they are listed
};
inline constexpr std::size_t kMostRetries = 10;

// What one client may do at most. A limit has a rate, a number of connections, or both.
struct ClientLimit {
  enum class Key { address, header, cookie };
  enum class Mode { enforce, observe };
  unsigned rate = 0;  // Rate: 1..1000000 requests in `per`, at most 10000/s; 0 = none; 429
  std::chrono::seconds per{1};  // Per: 1..86400 s
  // Burst: 1..10000000 requests at once, at most what comes in a day. Default: 10 times `rate`
  unsigned burst = 0;
  unsigned connections = 0;  // Connections: 1..65535, of a listener; 0 = no such limit
  unsigned mask4 = 32;       // Mask4: 0..32 leading bits of an IPv4 address that make a client
  unsigned mask6 = 64;       // Mask6: 0..128 leading bits of an IPv6 address
  Key key = Key::address;    // Key: what makes a client, and the name of the field or cookie
  std::string key_name;
  Mode mode = Mode::enforce;  // Mode: observe only counts and logs
  Position where;
};
inline constexpr std::int64_t kMostLimitRate = 1'000'000;
inline constexpr std::int64_t kMostLimitRatePerSecond = 10'000;
inline constexpr std::int64_t kMostLimitBurst = 10'000'000;
inline constexpr std::int64_t kMostLimitSeconds = 86'400;  // in which a burst is given back

// A new member belongs into service_identity (conf/service.cc) if services that differ in it are
// different services.
struct Service {
  std::vector<Condition> conditions;  // all must hold; ordered by kind, then as in the file
  Matchers matchers;                  // Host, Path, Methods, Query, Header: all must hold
  std::vector<Matchers> nots;         // Not: none may hold
  Edits edits;                        // Request, Reply
  std::vector<Rewrite> rewrites;      // Rewrite
  SessionPolicy session;              // Session
  std::vector<std::size_t> backends;  // Backends: indices into Config::backends, no duplicates
  // Emergency: likewise; they serve while none of `backends` lives. Only beside `backends`
  std::vector<std::size_t> emergency;
  Balance balance = Balance::random;  // Balance
  HashKey hash_key;                   // HashKey: `address`, `path`, `header NAME`, `cookie NAME`
  std::optional<Redirect> redirect;   // Redirect: instead of backends
  std::optional<Serve> serve;         // Serve: instead of backends
  Position serve_where;
  std::optional<Respond> respond;          // Respond: instead of backends
  bool disabled = false;                   // Disabled: all of its requests get 503
  std::optional<Maintenance> maintenance;  // Maintenance: default: the usual page for 503
  ErrorPageFiles error_pages;              // ErrNNN: before those of the listener
  std::optional<Compress> compress;        // Compress; default: responses pass as they are
  std::vector<AllowedRule> allow;          // Allow: for its requests, beside the listener's
  ClientList clients;                      // Clients: in addition to the listener's
  // Queue: {Known: first}: requests without a session wait behind others. Default: equal
  QueueOrder queue = QueueOrder::equal;
  std::optional<RetryPolicy> retry;        // Retry
  std::vector<ClientLimit> client_limits;  // Limit: in addition to the listener's
  std::optional<Auth> auth;             // Auth: default that of the listener; never with `redirect`
  std::optional<AccessLog> access_log;  // AccessLog: instead of the listener's
  Position where, backends_where;
  bool is_whole = true;  // as in Global
};

// The largest request, and the slowest client, that a listener accepts.
struct Limits {
  std::size_t uri = 8192;      // MaxURI: 64..64K bytes of the request line; 414. At most `header`
  std::size_t header = 32768;  // MaxHeader: 256..128K bytes of the whole head; 431
  std::size_t headers = 100;   // MaxHeaders: 1..256 fields; 431
  std::uint64_t request = 0;   // MaxRequest: 0..1024T bytes of a request's body; 413. 0 = no limit
  std::uint64_t min_rate = 0;  // MinRate: 0..1G bytes/s of a body over `Client` s; 0 = no limit
};
inline constexpr std::int64_t kMostUri = 64 * 1024;
inline constexpr std::int64_t kMostBuffer = 16 * 1024 * 1024;
inline constexpr std::int64_t kLeastBufferMemory = 1024 * 1024;
inline constexpr std::int64_t kMostBufferMemory = std::int64_t{1} << 40;
inline constexpr std::int64_t kMostHeader = 128 * 1024;
inline constexpr std::int64_t kMostHeaders = 256;
inline constexpr std::int64_t kMostRequest = std::int64_t{1} << 50;
inline constexpr std::int64_t kMostRate = std::int64_t{1} << 30;

struct Listener {
  // Address: numeric IP (no brackets), a host name or the path of a Unix socket, outside any jail
  std::string address;
  std::uint16_t port = 0;          // Port: 1..65535; 0 beside a path
  unsigned mode = 0660;            // Mode: 0..0777, the permissions of the socket at a path
  std::chrono::seconds client{5};  // Client: 1..86400 s of silence; also the total time for a head
  unsigned threads = 8;            // Threads: 0..65535 requests in service; 0 = no limit
  bool has_threads = false;        // whether Threads is written
  std::chrono::seconds body{60};   // BodyTimeOut: 1..86400 s in which a body makes no progress
  std::size_t buffer = 65536;      // Buffer: 0..16M bytes of a body that Pound holds for a client
  std::chrono::seconds queue{15};  // QueueTimeOut: 1..3600 s that a request waits for a slot; 503
  unsigned queue_length = 1000;    // QueueLength: 0..65535 requests that wait for a slot; 503
  unsigned max_streams = 1024;     // MaxStreams: 0..65535 tunnels and event streams; 0 = no limit
  std::chrono::seconds stream{3600};  // StreamTimeOut: 1..86400 s of silence in one of them
  Limits limits;
  // Protocols: in the order of preference; http1 is one of them. Default: with TLS http2, http1;
  // without only http1
  std::vector<Protocol> protocols;
  std::vector<AddedMethod> methods;  // Methods: in addition to the registered ones
  Edits edits;                       // Request, Reply
  ErrorPageFiles error_pages;        // ErrNNN: before the global ones
  std::vector<AllowedRule> allow;    // Allow: for all of its requests
  // TrustedProxies: instead of the global ones; empty: none. Default: the global ones
  std::optional<AddressList> trusted_proxies;
  std::optional<std::string> client_field;  // ClientField: instead of the global one
  Position client_field_where;
  std::optional<AccessLog> access_log;    // AccessLog: instead of the global one
  std::optional<std::string> request_id;  // RequestID: instead of the global one; empty: none
  Position request_id_where;
  ClientList clients;  // Clients
  // ProxyProtocol: trusted peers send a header of the PROXY protocol before anything else
  bool proxy_protocol = false;
  Position proxy_protocol_where;
  // RewriteLocation: 0 = no; 1 = the backend's own address, and the other scheme of what the client
  // has asked; 2 = only the backend's own address
  unsigned rewrite_location = 0;
  bool rewrite_destination = false;        // RewriteDestination
  std::vector<ClientLimit> client_limits;  // Limit: for each client; all of them hold
  std::optional<Auth> auth;                // Auth: of its services that have none of their own
  std::vector<Service> services;           // Services: the first match wins; without a match 404
  std::optional<Tls> tls;                  // set for HTTPSListeners
  Position where, address_where;
  bool is_whole = true;  // as in Global, apart from its services
};

// The socket on which the master takes commands (poundctl). A path is its short form.
struct ControlSocket {
  std::string path;                  // Socket
  unsigned mode = 0600;              // Mode: 0..0777
  std::optional<std::string> user;   // User: the owner of the file; default: that of the master
  std::optional<std::string> group;  // Group: likewise
  Position path_where, user_where, group_where;
};

struct Config {
  Global global;
  std::vector<Backend> backends;
  std::vector<Listener> listeners;       // HTTPListeners in order, then HTTPSListeners in order
  std::optional<ControlSocket> control;  // Global's Control; default: no commands are taken
  bool is_whole = true;                  // as in Global, of the keys at the top level
};

}  // namespace conf
