// What a configuration may say about the store of sessions: the table of SessionStore. See
// schema.h.
#include <array>

#include "conf/config.h"
#include "conf/schema.h"

namespace conf {

namespace {

constexpr std::int64_t kMaxName = 255;
constexpr std::int64_t kMaxPrefix = 64;
constexpr std::int64_t kMaxWait = 5000;

constexpr auto kTruths = std::to_array<Choice>({{"true", true}, {"false", false}});

constexpr auto kStoreKeys = std::to_array<Key>({
    {"Address", Shape::texts, "an IP address or a host name", 1, kMaxName, true},
    {"Port", Shape::number, "", 1, 65535},
    {"User", Shape::text, "the name of a user of the store", 1, kMaxName},
    {"Password", Shape::text, "the path of a file", 1, kMaxPath},
    within(backend_tls_schema, {.name = "TLS",
                                .shape = Shape::toggle,
                                .noun = "a mapping such as `{Name: store.example.com}`",
                                .choices = kTruths}),
    {"Database", Shape::number, "", 0, 65535},
    {"Prefix", Shape::text, "the beginning of all keys, such as `pound`", 1, kMaxPrefix},
    {"TimeOut", Shape::milliseconds, "", 1, kMaxWait},
    {"Sentinel", Shape::text, "the name that sentinels have for a primary", 1, kMaxName},
});

constexpr Schema kStore{"SessionStore", kStoreKeys};

}  // namespace

const Schema& session_store_schema() { return kStore; }

}  // namespace conf
