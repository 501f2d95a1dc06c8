// See times.h.
#include "master/ctl/times.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace master::ctl {
namespace {

constexpr std::string_view kBucket = "us_";

const Object* find(const Objects& objects, std::string_view of, std::string_view name) {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const Object& one) {
    return one.text("of") == of && one.text("name") == name;
  });
  return found == objects.end() ? nullptr : &*found;
}

// 0 for the last bucket, which has no bound.
std::uint64_t bound_us(std::string_view key) {
  std::uint64_t bound = 0;
  std::from_chars(key.data() + kBucket.size(), key.data() + key.size(), bound);
  return bound;
}

}  // namespace

void Times::add(const Object* before, const Object& after) {
  std::size_t index = 0;
  for (const auto& [key, value] : after.fields()) {
    if (!key.starts_with(kBucket)) continue;
    const std::uint64_t now = after.number(key);
    const std::uint64_t then = before == nullptr ? 0 : before->number(key);
    if (index == buckets_.size()) {
      const std::uint64_t bound = bound_us(key);
      const double last_ms = buckets_.empty() ? 0 : buckets_.back().bound_ms;
      buckets_.push_back({bound == 0 ? last_ms : static_cast<double>(bound) / 1000, 0});
    }
    buckets_[index++].count += now > then ? now - then : 0;
  }
}

Times Times::of_service(const Objects& before, const Objects& after, std::string_view name) {
  Times times;
  if (const Object* const found = find(after, "service", name)) {
    times.add(find(before, "service", name), *found);
  }
  return times;
}

Times Times::of_all(const Objects& before, const Objects& after) {
  Times times;
  for (const Object& one : after) {
    if (one.text("of") == "listener") times.add(find(before, "listener", one.text("name")), one);
  }
  return times;
}

std::optional<double> Times::percentile_ms(unsigned percent) const {
  std::uint64_t total = 0;
  for (const Bucket& one : buckets_) total += one.count;
  if (total == 0) return std::nullopt;
  const double rank = static_cast<double>(total) * percent / 100;
  double low_ms = 0;
  double counted = 0;
  for (const Bucket& one : buckets_) {
    const auto count = static_cast<double>(one.count);
    if (one.count != 0 && counted + count >= rank) {
      return low_ms + (one.bound_ms - low_ms) * (rank - counted) / count;
    }
    counted += count;
    low_ms = one.bound_ms;
  }
  return low_ms;
}

std::string Times::text(unsigned percent) const {
  const std::optional<double> ms = percentile_ms(percent);
  if (!ms) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", *ms);
  return text;
}

}  // namespace master::ctl
