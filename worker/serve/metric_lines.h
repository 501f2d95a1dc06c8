// Lines of the text formats for metrics: OpenMetrics 1.0, and the older one of Prometheus (0.0.4).
//
// Pure. The two differ in the name of a counter's family (without `_total` in OpenMetrics) and in
// the line at the end. Label values are escaped; whoever passes names and help texts keeps to their
// characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "shm/response_cells.h"

namespace worker::serve {

enum class MetricsFormat : std::uint8_t { open_metrics, prometheus };
enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

class MetricLines {
 public:
  // Appends to `out`, which outlives it.
  MetricLines(std::string& out, MetricsFormat format) : out_(out), format_(format) {}

  // Before the samples of a family. `name`: without `_total`.
  void begin_family(std::string_view name, MetricType type, std::string_view help);
  // Adds a sample of the family to which `name` belongs; of a counter with `_total`.
  void add(std::string_view name, Labels labels, std::uint64_t value);
  void add_counter(std::string_view name, Labels labels, std::uint64_t value);
  // A value in millionths, as a decimal.
  void add_millionths(std::string_view name, Labels labels, std::uint64_t value);
  void add_signed(std::string_view name, Labels labels, std::int64_t value);
  // All samples of a histogram of times, in seconds. `_count` is the sum of the buckets.
  void add_times(std::string_view name, Label label, const shm::ResponseSums& sums);
  void end();

 private:
  void put_name(std::string_view name, std::string_view suffix, Labels labels);
  void put_number(std::uint64_t value);
  void put_millionths(std::uint64_t value);

  std::string& out_;
  MetricsFormat format_;
};

}  // namespace worker::serve
