// Percentiles of the responses between two moments, from the counts of `times`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/ctl/objects.h"

namespace master::ctl {

class Times {
 public:
  // What `after` counts and `before` does not: of the object `name`, or of all listeners.
  static Times of_service(const Objects& before, const Objects& after, std::string_view name);
  static Times of_all(const Objects& before, const Objects& after);

  // In milliseconds; within a bucket, times count as evenly spread. Nothing without responses. More
  // than the greatest bound counts as that bound.
  std::optional<double> percentile_ms(unsigned percent) const;
  std::string text(unsigned percent) const;  // "12.5", or "-"

 private:
  void add(const Object* before, const Object& after);

  struct Bucket {
    double bound_ms;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets_;
};

}  // namespace master::ctl
