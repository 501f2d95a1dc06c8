// The picture of `top`: what happened between two states of the daemon. Pure.
#pragma once

#include <cstddef>

#include "master/ctl/objects.h"
#include "master/ctl/screen.h"

namespace master::ctl {

// What the commands `status` and `times` told at one moment.
struct Sample {
  Objects status;
  Objects times;
};

struct Interval {
  Sample before;
  Sample after;
  double seconds = 1;
};

// Rates of the whole, of the busiest services, of the busiest backends, and of the clients that
// exceed limits most. At most `rows` lines.
Lines top_view(const Interval& interval, std::size_t width, std::size_t rows);

}  // namespace master::ctl
