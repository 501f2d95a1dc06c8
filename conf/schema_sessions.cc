// What a configuration may say about sessions, about the order of requests, and about those that
// are sent again: the tables of Session, Queue and Retry. See schema.h.
#include <array>

#include "conf/config.h"
#include "conf/schema.h"

namespace conf {

namespace {

constexpr std::int64_t kMaxSessionId = 256;
constexpr std::int64_t kMaxWord = 64;
constexpr std::int64_t kYear = std::int64_t{365} * 86'400;

constexpr auto kSessionTypes = std::to_array<Choice>({
    {"IP", SessionPolicy::Type::ip},
    {"BASIC", SessionPolicy::Type::basic},
    {"URL", SessionPolicy::Type::url},
    {"PARM", SessionPolicy::Type::parm},
    {"COOKIE", SessionPolicy::Type::cookie},
    {"HEADER", SessionPolicy::Type::header},
    {"INSERT", SessionPolicy::Type::insert},
});

constexpr auto kQueueOrders = std::to_array<Choice>({
    {"first", QueueOrder::known_first},
    {"equal", QueueOrder::equal},
});

constexpr auto kSessionKeys = std::to_array<Key>({
    {.name = "Type", .shape = Shape::choice, .noun = "", .choices = kSessionTypes},
    {"ID", Shape::text, "the name of a parameter, cookie or header", 1, kMaxSessionId},
    {"TTL", Shape::seconds, "", 0, kYear},
    {"Mask4", Shape::number, "", 0, 32},
    {"Mask6", Shape::number, "", 0, 128},
});

constexpr auto kQueueKeys = std::to_array<Key>({
    {.name = "Known",
     .shape = Shape::choice,
     .noun = "",
     .required = true,
     .choices = kQueueOrders},
});

constexpr auto kRetryKeys = std::to_array<Key>({
    {"Times", Shape::number, "", 0, static_cast<std::int64_t>(kMostRetries)},
    {"When", Shape::texts, "connect, reset, 502, 503 or 504", 1, kMaxWord},
    {"Methods", Shape::texts, "idempotent, all or a method such as `GET`", 1, kMaxWord},
});

constexpr Schema kSession{"Session", kSessionKeys};
constexpr Schema kQueue{"Queue", kQueueKeys};
constexpr Schema kRetry{"Retry", kRetryKeys};

}  // namespace

const Schema& session_schema() { return kSession; }
const Schema& queue_schema() { return kQueue; }
const Schema& retry_schema() { return kRetry; }

}  // namespace conf
