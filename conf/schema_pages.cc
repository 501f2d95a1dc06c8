// See schema_pages.h.
#include "conf/schema_pages.h"

#include <array>

#include "conf/pages.h"

namespace conf {

namespace {

constexpr std::int64_t kMaxType = 255;
constexpr std::int64_t kDay = 86'400;

constexpr auto kRespondKeys = std::to_array<Key>({
    {"Code", Shape::number, "", kLeastRespondCode, kMostRespondCode},
    {"Body", Shape::lines, "a text", 0, kMostPageBytes},
    {"File", Shape::text, "the path of a file", 1, kMaxPath},
    {"Type", Shape::text, "a media type such as `text/html; charset=utf-8`", 1, kMaxType},
});

constexpr auto kMaintenanceKeys = std::to_array<Key>({
    {"Page", Shape::text, "the path of an HTML file", 1, kMaxPath, true},
    {"RetryAfter", Shape::seconds, "", 1, kDay},
});

}  // namespace

const Schema kRespond{"Respond", kRespondKeys};
const Schema kMaintenance{"Maintenance", kMaintenanceKeys};

const Schema& respond_schema() { return kRespond; }
const Schema& maintenance_schema() { return kMaintenance; }

}  // namespace conf
