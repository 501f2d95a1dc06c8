// What a configuration may say: see schema.h.
//
// The tables. Defaults are in config.h, with the fields.
#include "conf/schema.h"

#include <syslog.h>

#include <array>

#include "conf/compress_schema.h"
#include "conf/config.h"
#include "conf/load_access_log.h"
#include "conf/pages.h"
#include "conf/schema_pages.h"

namespace conf {

namespace {

constexpr std::int64_t kMaxName = 255;
constexpr std::int64_t kMaxHost = 1024;  // in UTF-8; as ASCII it has 253 at most
constexpr std::int64_t kMaxPattern = 65536;
constexpr std::int64_t kMaxHeadAdd = 4096;
constexpr std::int64_t kMaxMethod = 64;
constexpr std::int64_t kMaxProtocol = 16;
constexpr std::int64_t kMaxCiphers = 8192;
constexpr std::int64_t kMaxUrl = 4096;
constexpr std::int64_t kMaxAddressItem = kMaxPath + 5;  // "file:" and a path
constexpr std::string_view kAddressNoun =
    "an IP address, a network such as `192.0.2.0/24` or a file as `file:PATH`";
constexpr std::string_view kEndpointNoun =
    "an IP address, a host name or the path of a Unix socket";
constexpr std::string_view kFieldNoun = "the name of a header such as `X-Forwarded-For`";
constexpr std::string_view kAccessLogNoun =
    "combined, common, json, none or a format such as `{client} {status} {total_ms}`";
constexpr std::int64_t kMaxLogFormat = kMostLogFormat;
constexpr std::string_view kRequestIdNoun = "the name of a header such as `X-Request-ID`, or none";
constexpr std::int64_t kMaxRequestIdField = 64;
constexpr std::string_view kClientsNoun = "a mapping such as `{Allow: [192.0.2.0/24]}`";
constexpr std::string_view kAuthNoun =
    "a mapping such as `{Realm: Staff, Users: /etc/pound/staff.htpasswd}`";
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear = 365 * kDay;
constexpr std::string_view kLimitNoun = "a mapping such as `{Rate: 10}`";
constexpr std::string_view kEditsNoun = "a mapping such as `{Set: {X-Name: value}}`";

constexpr auto kTruths = std::to_array<Choice>({{"true", true}, {"false", false}});

constexpr auto kProxyVersions = std::to_array<Choice>({{"1", 1}, {"2", 2}});

constexpr auto kTlsVersions = std::to_array<Choice>({
    {"1.2", Tls::Version::tls1_2},
    {"1.3", Tls::Version::tls1_3},
});

constexpr auto kBackendAlpn = std::to_array<Choice>({{"off", false}, {"http/1.1", true}});

constexpr auto kCheckKinds = std::to_array<Choice>({{"tcp", true}});

constexpr auto kCheckMethods = std::to_array<Choice>({
    {"GET", Check::Method::get},
    {"HEAD", Check::Method::head},
    {"OPTIONS", Check::Method::options},
});

constexpr auto kClientCertModes = std::to_array<Choice>({
    {"ask", Tls::ClientCert::Mode::ask},
    {"require", Tls::ClientCert::Mode::require},
});

constexpr auto kBalances = std::to_array<Choice>({
    {"random", Balance::random},
    {"least", Balance::least},
    {"two", Balance::two},
    {"roundrobin", Balance::roundrobin},
    {"hash", Balance::hash},
});

constexpr auto kServes =
    std::to_array<Choice>({{"status", Serve::status}, {"metrics", Serve::metrics}});

constexpr auto kLimitModes = std::to_array<Choice>({
    {"enforce", ClientLimit::Mode::enforce},
    {"observe", ClientLimit::Mode::observe},
});

constexpr auto kFacilities = std::to_array<Choice>({
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
    {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"lpr", LOG_LPR},
    {"mail", LOG_MAIL},     {"news", LOG_NEWS},         {"syslog", LOG_SYSLOG},
    {"user", LOG_USER},     {"uucp", LOG_UUCP},         {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},     {"local3", LOG_LOCAL3},
    {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7},
});

constexpr auto kTopKeys = std::to_array<Key>({
    {"Include", Shape::texts, "the path of a file, or a pattern such as `conf.d/*.yaml`", 1,
     kMaxPath},
    within(global_schema, {"Global", Shape::section, "a mapping"}),
    within(backend_schema, {"Backends", Shape::sections, "backends"}),
    within(service_schema, {"Services", Shape::sections, "services"}),
    within(http_listener_schema, {"HTTPListeners", Shape::sections, "listeners"}),
    within(https_listener_schema, {"HTTPSListeners", Shape::sections, "listeners"}),
});

constexpr auto kGlobalKeys = std::to_array<Key>({
    {"User", Shape::text, "the name of a user", 1, kMaxName},
    {"Group", Shape::text, "the name of a group", 1, kMaxName},
    {"RootJail", Shape::text, "the path of a directory", 1, kMaxPath},
    kErrorPages,
    {"Workers", Shape::number, "", 1, 64},
    {"MaxSessions", Shape::number, "", 1024, 16'777'216},
    {"MaxLimits", Shape::number, "", 1024, 16'777'216},
    {"BufferMemory", Shape::bytes, "", kLeastBufferMemory, kMostBufferMemory},
    {"Grace", Shape::seconds, "", 0, kDay},
    {"Alive", Shape::seconds, "", 1, kDay},
    {.name = "LogFacility", .shape = Shape::choice, .noun = "", .choices = kFacilities},
    {"LogSocket", Shape::text, "the path of a socket", 1, kMaxPath},
    {"AccessLog", Shape::text, kAccessLogNoun, 1, kMaxLogFormat},
    {"RequestID", Shape::text, kRequestIdNoun, 1, kMaxRequestIdField},
    {"TrustedProxies", Shape::texts, kAddressNoun, 1, kMaxAddressItem},
    {"ClientField", Shape::text, kFieldNoun, 1, kMaxName},
    {"Secret", Shape::texts, "the path of a file", 1, kMaxPath},
    within(session_store_schema,
           {"SessionStore", Shape::mapping, "a mapping such as `{Address: 192.0.2.8}`"}),
    {"Lint", Shape::texts, "the code of a warning after a hyphen, such as `-unused-backend`", 1,
     kMaxName},
    within(control_schema,
           {"Control", Shape::target,
            "the path of a socket such as `/run/pound/control.sock`, or a mapping with `Socket`", 1,
            kMaxPath}),
});

constexpr auto kControlKeys = std::to_array<Key>({
    {"Socket", Shape::text, "the path of a socket such as `/run/pound/control.sock`", 1, kMaxPath,
     true},
    {"Mode", Shape::text, "permissions in octal, such as `0660`", 1, 4},
    {"User", Shape::text, "the name of a user", 1, kMaxName},
    {"Group", Shape::text, "the name of a group", 1, kMaxName},
});

constexpr auto kBackendKeys = std::to_array<Key>({
    {"Address", Shape::text, kEndpointNoun, 1, kMaxName, true},
    {"Port", Shape::number, "", 1, 65535},
    {"TimeOut", Shape::seconds, "", 1, kDay},
    {"ConnTO", Shape::seconds, "", 1, kDay},
    {"Resolve", Shape::seconds, "", 0, kDay},
    {"Threads", Shape::number, "", 0, 65535},
    {"Weight", Shape::number, "", 1, 65535},
    {.name = "Disabled", .shape = Shape::choice, .noun = "", .choices = kTruths},
    {"HeadAdd", Shape::texts, "a header as `Name: value`", 1, kMaxHeadAdd, false,
     "AddHeader HeaderAdd"},
    within(request_edits_schema, {"Request", Shape::mapping, kEditsNoun}),
    within(reply_edits_schema, {"Reply", Shape::mapping, kEditsNoun}),
    {"MaxHeaders", Shape::number, "", 1, kMostHeaders},
    {"Allow", Shape::texts, "the code of a rule such as `response_bare_lf`", 1, kMaxName},
    within(backend_tls_schema, {.name = "TLS",
                                .shape = Shape::toggle,
                                .noun = "a mapping such as `{Name: www.example.com}`",
                                .choices = kTruths}),
    within(check_schema, {.name = "Check",
                          .shape = Shape::toggle,
                          .noun = "a mapping such as `{Path: /health}`",
                          .choices = kCheckKinds}),
    within(eject_schema,
           {"Eject", Shape::mapping, "a mapping such as `{Errors: 5, In: 10, For: 30}`"}),
    {"Warmup", Shape::seconds, "", 0, 3600},
    {.name = "ProxyProtocol", .shape = Shape::choice, .noun = "", .choices = kProxyVersions},
});

constexpr auto kCheckKeys = std::to_array<Key>({
    {"Path", Shape::text, "a path such as `/health`", 1, kMaxPath},
    {.name = "Method", .shape = Shape::choice, .noun = "", .choices = kCheckMethods},
    {"Host", Shape::text, "a host such as `www.example.com` or `www.example.com:8080`", 1,
     kMaxName},
    {"Port", Shape::number, "", 1, 65535},
    {"Expect", Shape::texts, "a status such as `200` or a range such as `200-399`", 1, kMaxName},
    {"Body", Shape::text, "a regular expression", 1, kMaxPattern},
    {"Every", Shape::seconds, "", 1, 3600},
    {"Within", Shape::seconds, "", 1, 3600},
    {"Rise", Shape::number, "", 1, kMostCheckResults},
    {"Fall", Shape::number, "", 1, kMostCheckResults},
});

constexpr auto kEjectKeys = std::to_array<Key>({
    {"Errors", Shape::number, "", 1, kMostEjectErrors},
    {"In", Shape::seconds, "", 1, 3600},
    {"For", Shape::seconds, "", 1, 3600},
});

constexpr auto kBackendTlsKeys = std::to_array<Key>({
    {.name = "Verify", .shape = Shape::choice, .noun = "", .choices = kTruths},
    {"CA", Shape::text, "`system`, or the path of a PEM file", 1, kMaxPath},
    {"Name", Shape::text, "a host name or an IP address", 1, kMaxName},
    {"Cert", Shape::text, "the path of a PEM file", 1, kMaxPath},
    {"Key", Shape::text, "the path of a PEM file", 1, kMaxPath},
    {.name = "MinTLS", .shape = Shape::choice, .noun = "", .choices = kTlsVersions},
    {"Ciphers", Shape::texts, "the name of a cipher", 1, kMaxCiphers, false, "Cipher"},
    {.name = "ALPN", .shape = Shape::choice, .noun = "", .choices = kBackendAlpn},
});

// An HTTPS listener has all of these keys; an HTTP listener has those before Certificates.
constexpr auto kListenerKeys = std::to_array<Key>({
    {"Address", Shape::text, kEndpointNoun, 1, kMaxName, true},
    {"Port", Shape::number, "", 1, 65535},
    {"Mode", Shape::text, "permissions in octal, such as `0660`", 1, 4},
    {"Client", Shape::seconds, "", 1, kDay},
    {"Threads", Shape::number, "", 0, 65535},
    {"MaxURI", Shape::bytes, "", 64, kMostUri},
    {"MaxHeader", Shape::bytes, "", 256, kMostHeader},
    {"MaxHeaders", Shape::number, "", 1, kMostHeaders},
    {"MaxRequest", Shape::bytes, "", 0, kMostRequest},
    {"MinRate", Shape::bytes, "", 0, kMostRate},
    {"BodyTimeOut", Shape::seconds, "", 1, kDay},
    {"Buffer", Shape::bytes, "", 0, kMostBuffer},
    {"QueueTimeOut", Shape::seconds, "", 1, 3600},
    {"QueueLength", Shape::number, "", 0, 65535},
    {"MaxStreams", Shape::number, "", 0, 65535},
    {"StreamTimeOut", Shape::seconds, "", 1, kDay},
    {"Protocols", Shape::texts, "a protocol such as `http/1.1`", 1, kMaxProtocol},
    {"Methods", Shape::texts, "a method such as `PURGE`", 1, kMaxMethod},
    {"Allow", Shape::texts, "the code of a rule such as `target_char`", 1, kMaxName},
    {"TrustedProxies", Shape::texts, kAddressNoun, 1, kMaxAddressItem},
    {"ClientField", Shape::text, kFieldNoun, 1, kMaxName},
    {"AccessLog", Shape::text, kAccessLogNoun, 1, kMaxLogFormat},
    {"RequestID", Shape::text, kRequestIdNoun, 1, kMaxRequestIdField},
    within(clients_schema, {"Clients", Shape::mapping, kClientsNoun}),
    {.name = "ProxyProtocol", .shape = Shape::choice, .noun = "", .choices = kTruths},
    {"RewriteLocation", Shape::number, "", 0, 2},
    {.name = "RewriteDestination", .shape = Shape::choice, .noun = "", .choices = kTruths},
    within(request_edits_schema, {"Request", Shape::mapping, kEditsNoun}),
    within(reply_edits_schema, {"Reply", Shape::mapping, kEditsNoun}),
    within(limit_schema, {"Limit", Shape::mappings, kLimitNoun}),
    within(auth_schema, {"Auth", Shape::mapping, kAuthNoun}),
    kErrorPages,
    within(service_schema, {"Services", Shape::sections, "services"}),
    within(certificate_schema,
           {"Certificates", Shape::entries,
            "the path of a PEM file or a mapping such as `{Certificate: a.pem, Key: a.key}`", 1,
            kMaxPath, true}),
    {"Ciphers", Shape::texts, "the name of a cipher", 1, kMaxCiphers},
    {.name = "MinTLS", .shape = Shape::choice, .noun = "", .choices = kTlsVersions},
    within(client_cert_schema, {"ClientCert", Shape::mapping,
                                "a mapping such as `{Mode: require, CA: /etc/pound/ca.pem}`"}),
    {.name = "StrictSNI", .shape = Shape::choice, .noun = "", .choices = kTruths},
    {"HSTS", Shape::seconds, "", 0, 2 * kYear},
});
constexpr std::size_t kTlsKeys = 6;

constexpr auto kCertificateKeys = std::to_array<Key>({
    {"Certificate", Shape::text, "the path of a PEM file", 1, kMaxPath, true},
    {"Key", Shape::text, "the path of a PEM file", 1, kMaxPath, true},
});

constexpr auto kClientCertKeys = std::to_array<Key>({
    {.name = "Mode",
     .shape = Shape::choice,
     .noun = "",
     .required = true,
     .choices = kClientCertModes},
    {"CA", Shape::text, "the path of a PEM file", 1, kMaxPath, true},
    {"CRL", Shape::text, "the path of a PEM file", 1, kMaxPath},
    {"Depth", Shape::number, "", 1, 100},
});

// A service has all of these keys; an item of its Not has those before Not.
constexpr auto kServiceKeys = std::to_array<Key>({
    {"Host", Shape::texts, "a host such as `www.example.com` or `*.example.com`", 1, kMaxHost},
    {"Path", Shape::texts, "the beginning of a path such as `/api`", 1, kMaxPath},
    {"Methods", Shape::texts, "a method such as `GET`", 1, kMaxMethod},
    {"Query", Shape::mapping, "a mapping such as `{lang: ^de$}`"},
    {"Header", Shape::mapping, "a mapping such as `{Accept-Language: ^de}`"},
    within(not_schema, {"Not", Shape::mappings, "a mapping such as `{Path: /admin}`"}),
    {"URL", Shape::text, "a regular expression", 1, kMaxPattern},
    {"HeadRequire", Shape::texts, "a regular expression", 1, kMaxPattern},
    {"HeadDeny", Shape::texts, "a regular expression", 1, kMaxPattern},
    within(session_schema,
           {"Session", Shape::policy, "a mapping such as `{Type: IP, TTL: 300}`", 0, kYear}),
    within(queue_schema, {"Queue", Shape::mapping, "a mapping such as `{Known: first}`"}),
    within(retry_schema, {"Retry", Shape::mapping, "a mapping such as `{Times: 1}`"}),
    within(backend_schema, {"Backends", Shape::backends, "an alias of a backend, such as `*be`"}),
    within(backend_schema, {"Emergency", Shape::backends, "an alias of a backend, such as `*be`"}),
    {.name = "Balance", .shape = Shape::choice, .noun = "", .choices = kBalances},
    {"HashKey", Shape::text, "`address`, `path`, `header NAME` or `cookie NAME`", 1, kMaxName},
    within(redirect_schema,
           {"Redirect", Shape::target,
            "a URL such as `https://www.example.com`, or a mapping with `Code` and `URL`", 1,
            kMaxUrl}),
    {.name = "Serve", .shape = Shape::choice, .noun = "", .choices = kServes},
    within(rewrite_schema,
           {"Rewrite", Shape::mappings, "a mapping such as `{From: ^/old/, To: /new/}`"}),
    within(request_edits_schema, {"Request", Shape::mapping, kEditsNoun}),
    within(reply_edits_schema, {"Reply", Shape::mapping, kEditsNoun}),
    within(respond_schema, {"Respond", Shape::code, "a mapping such as `{Code: 200, Body: OK}`",
                            kLeastRespondCode, kMostRespondCode}),
    {.name = "Disabled", .shape = Shape::choice, .noun = "", .choices = kTruths},
    within(maintenance_schema, {"Maintenance", Shape::target,
                                "the path of an HTML file, or a mapping with `Page`", 1, kMaxPath}),
    kErrorPages,
    within(limit_schema, {"Limit", Shape::mappings, kLimitNoun}),
    {"Allow", Shape::texts, "the code of a rule such as `target_char`", 1, kMaxName},
    within(clients_schema, {"Clients", Shape::mapping, kClientsNoun}),
    within(auth_schema, {"Auth", Shape::mapping, kAuthNoun}),
    {"AccessLog", Shape::text, kAccessLogNoun, 1, kMaxLogFormat},
    within(compress_schema, {"Compress", Shape::entries,
                             "zstd, br, gzip or a mapping such as `{Least: 4K}`", 1, kMaxName}),
});

constexpr std::size_t kMatcherKeys = 5;

constexpr auto kClientsKeys = std::to_array<Key>({
    {"Allow", Shape::texts, kAddressNoun, 1, kMaxAddressItem},
    {"Deny", Shape::texts, kAddressNoun, 1, kMaxAddressItem},
});

constexpr auto kAuthKeys = std::to_array<Key>({
    {"Realm", Shape::text, "a name for what is protected", 1, kMaxName, true},
    {"Users", Shape::text, "the path of an htpasswd file", 1, kMaxPath, true},
});

constexpr auto kLimitKeys = std::to_array<Key>({
    {"Rate", Shape::number, "", 1, kMostLimitRate},
    {"Per", Shape::seconds, "", 1, kDay},
    {"Burst", Shape::number, "", 1, kMostLimitBurst},
    {"Connections", Shape::number, "", 1, 65535},
    {"Mask4", Shape::number, "", 0, 32},
    {"Mask6", Shape::number, "", 0, 128},
    {"Key", Shape::text, "`address`, `header NAME` or `cookie NAME`", 1, kMaxName},
    {.name = "Mode", .shape = Shape::choice, .noun = "", .choices = kLimitModes},
});

constexpr Schema kTop{"the top level", kTopKeys};
constexpr Schema kGlobal{"Global", kGlobalKeys};
constexpr Schema kControl{"Control", kControlKeys};
constexpr Schema kBackend{"a backend", kBackendKeys};
constexpr Schema kBackendTls{"TLS of a backend", kBackendTlsKeys};
constexpr Schema kCheck{"Check", kCheckKeys};
constexpr Schema kEject{"Eject", kEjectKeys};
constexpr Schema kHttpListener{"an HTTP listener",
                               std::span(kListenerKeys).first(kListenerKeys.size() - kTlsKeys)};
constexpr Schema kHttpsListener{"an HTTPS listener", kListenerKeys};
constexpr Schema kService{"a service", kServiceKeys};
constexpr Schema kNot{"an item of Not", std::span(kServiceKeys).first(kMatcherKeys)};
constexpr Schema kAuth{"Auth", kAuthKeys};
constexpr Schema kCertificate{"an item of Certificates", kCertificateKeys};
constexpr Schema kClientCert{"ClientCert", kClientCertKeys};
constexpr Schema kClients{"Clients", kClientsKeys};
constexpr Schema kLimit{"Limit", kLimitKeys};

}  // namespace

const Schema& top_schema() { return kTop; }
const Schema& global_schema() { return kGlobal; }
const Schema& control_schema() { return kControl; }
const Schema& backend_schema() { return kBackend; }
const Schema& backend_tls_schema() { return kBackendTls; }
const Schema& check_schema() { return kCheck; }
const Schema& eject_schema() { return kEject; }
const Schema& http_listener_schema() { return kHttpListener; }
const Schema& https_listener_schema() { return kHttpsListener; }
const Schema& service_schema() { return kService; }
const Schema& not_schema() { return kNot; }
const Schema& auth_schema() { return kAuth; }
const Schema& client_cert_schema() { return kClientCert; }
const Schema& certificate_schema() { return kCertificate; }
const Schema& clients_schema() { return kClients; }
const Schema& limit_schema() { return kLimit; }

std::span<const Schema* const> all_schemas() {
  const Schema& request_edits = request_edits_schema();
  const Schema& reply_edits = reply_edits_schema();
  const Schema& rewrite = rewrite_schema();
  const Schema& redirect = redirect_schema();
  const Schema& session = session_schema();
  const Schema& store = session_store_schema();
  const Schema& queue = queue_schema();
  const Schema& retry = retry_schema();
  static const std::array kSchemas{
      &kTop,           &kGlobal,      &kBackend, &kBackendTls,     &kHttpListener,
      &kHttpsListener, &kService,     &session,  &queue,           &kAuth,
      &kCertificate,   &kClientCert,  &kClients, &kLimit,          &retry,
      &kCheck,         &kEject,       &kControl, &request_edits,   &reply_edits,
      &rewrite,        &redirect,     &kNot,     &kCompressSchema, &kCompressLevelSchema,
      &kRespond,       &kMaintenance, &store};
  return kSchemas;
}

}  // namespace conf
