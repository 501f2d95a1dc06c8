// The document `metrics`, for Prometheus and others that read its formats.
//
// Of 1000 services and backends it has some megabytes, so it is made part by part: each counter is
// read when its line is made, and nothing is kept but the place where the next part begins. The
// samples of one histogram agree with each other; different lines may be of different moments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/snapshot.h"
#include "worker/serve/body.h"
#include "worker/serve/metric_families.h"

namespace worker::serve {

// Prometheus's own format for a client that asks for plain text and does not know OpenMetrics.
// `accept`: the values of the request's Accept fields.
MetricsFormat metrics_format(std::string_view accept);

class Metrics final : public Body {
 public:
  Metrics(const State& state, MetricsFormat format, std::uint64_t now_ms);

  bool prepare() override;
  bool next(std::string& part) override;
  std::string_view fields() const override;
  std::size_t memory() const override;

 private:
  MetricSource source_;
  shm::Snapshot sessions_;  // of which only these are used
  shm::SessionCount count_;
  MetricsFormat format_;
  std::size_t family_ = 0;   // the next part begins with this one
  std::uint32_t owner_ = 0;  // and there with this owner
};

}  // namespace worker::serve
