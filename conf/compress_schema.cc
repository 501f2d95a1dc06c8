// What Compress may say: see compress_schema.h.
#include "conf/compress_schema.h"

#include <array>

namespace conf {

namespace {

constexpr std::int64_t kMaxText = 255;
constexpr std::int64_t kMostLeast = 1024 * 1024 * 1024;

constexpr auto kCompressKeys = std::to_array<Key>({
    {"Codings", Shape::texts, "zstd, br or gzip", 1, kMaxText},
    {"Types", Shape::texts, "a media type such as `text/html` or `text/*`", 1, kMaxText},
    {"Least", Shape::bytes, "", 0, kMostLeast},
    within(
        compress_level_schema,
        {"Level", Shape::target, "a whole number, or a mapping such as `{gzip: 6}`", 1, kMaxText}),
});

constexpr auto kCompressLevelKeys = std::to_array<Key>({
    {"zstd", Shape::number, "", 1, 12},
    {"br", Shape::number, "", 0, 9},
    {"gzip", Shape::number, "", 1, 9},
});

}  // namespace

constexpr Schema kCompressSchema{"Compress", kCompressKeys};
constexpr Schema kCompressLevelSchema{"Level", kCompressLevelKeys};

const Schema& compress_schema() { return kCompressSchema; }
const Schema& compress_level_schema() { return kCompressLevelSchema; }

}  // namespace conf
