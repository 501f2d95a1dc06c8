// See old_words.h.
#include "conf/old_words.h"

#include <array>

#include "conf/scalar.h"

namespace conf {

namespace {

struct Row {
  const Schema& (*schema)();
  std::string_view name;
  OldWord word;
};

constexpr OldWord kAdd{"", "to add a header to requests, write `Request: {Add: {X-Name: value}}`"};
constexpr OldWord kRemove{"",
                          "to remove a header from requests, write `Request: {Remove: X-Name}`"};
constexpr OldWord kLog{"", "write `AccessLog: combined`"};
constexpr OldWord kNoCheckUrl{"", "leave it out; a service's `URL` decides what is served"};
constexpr OldWord kMethods{"",
                           "leave it out: all registered methods are taken; for others, write "
                           "`Methods: [PURGE]`"};

// An HTTPS listener has the rows of an HTTP listener, too, and its own come first.
constexpr auto kRows = std::to_array<Row>({
    {global_schema, "Daemon", {"", "leave it out; the option -F keeps pound in the foreground"}},
    {global_schema, "Threads", {"", "for the number of processes, write `Workers: 4`"}},
    {global_schema, "LogLevel", kLog},
    {global_schema,
     "IgnoreCase",
     {"", "leave it out; an expression that ignores letter case begins with `(?i)`"}},
    {http_listener_schema, "AddHeader", kAdd},
    {http_listener_schema, "HeadAdd", kAdd},
    {http_listener_schema, "HeaderAdd", kAdd},
    {http_listener_schema, "HeadRemove", kRemove},
    {http_listener_schema, "HeaderRemove", kRemove},
    {http_listener_schema, "RemoveHeader", kRemove},
    {http_listener_schema, "xHTTP", kMethods},
    {http_listener_schema, "CheckURL", kNoCheckUrl},
    {http_listener_schema, "LogLevel", kLog},
    {http_listener_schema, "Change30x", {"RewriteLocation", "write `RewriteLocation: 1`"}},
    {http_listener_schema,
     "Cert",
     {"", "a listener with certificates stands below `HTTPSListeners`, with `Certificates`"}},
    {https_listener_schema, "Cert", {"Certificates", "did you mean `Certificates`?"}},
    {https_listener_schema,
     "CAlist",
     {"", "write `ClientCert: {Mode: ask, CA: /etc/pound/ca.pem}`"}},
    {https_listener_schema,
     "VerifyList",
     {"", "write `ClientCert: {Mode: ask, CA: /etc/pound/ca.pem}`"}},
    {https_listener_schema,
     "CRLlist",
     {"", "write `ClientCert: {Mode: ask, CA: /etc/pound/ca.pem, CRL: /etc/pound/crl.pem}`"}},
    {https_listener_schema, "Disable", {"", "for the oldest version of TLS, write `MinTLS: 1.2`"}},
    {service_schema,
     "IgnoreCase",
     {"", "leave it out; an expression that ignores letter case begins with `(?i)`"}},
    {service_schema, "AddHeader", kAdd},
    {service_schema, "HeadAdd", kAdd},
    {service_schema, "HeaderAdd", kAdd},
    {service_schema, "HeadRemove", kRemove},
    {service_schema, "HeaderRemove", kRemove},
    {service_schema, "RemoveHeader", kRemove},
    {backend_schema, "Priority", {"Weight", "did you mean `Weight`?"}},
    {backend_schema, "HTTPS", {"", "write `TLS: true`"}},
    {backend_schema, "HAport", {"", "write `Check: {Port: 8081}`"}},
    {backend_schema,
     "HeadRemove",
     {"", "to remove a header from responses, write `Reply: {Remove: X-Name}`"}},
});

}  // namespace

const OldWord* find_old_word(const Schema& schema, std::string_view name) {
  for (const Row& row : kRows) {
    if (&row.schema() == &schema && equal_ignoring_case(row.name, name)) return &row.word;
  }
  if (&schema != &https_listener_schema()) return nullptr;
  return find_old_word(http_listener_schema(), name);
}

}  // namespace conf
