// Lines of metrics.
#include <doctest/doctest.h>

#include "worker/serve/metric_lines.h"

using worker::serve::MetricLines;
using worker::serve::MetricsFormat;
using worker::serve::MetricType;

TEST_CASE("metric lines: a counter has another family name in each format") {
  std::string open;
  MetricLines lines(open, MetricsFormat::open_metrics);
  lines.begin_family("a_b", MetricType::counter, "Some help.");
  lines.add_counter("a_b", {{"x", "1"}, {"y", "2"}}, 18446744073709551615U);
  lines.add_counter("a_b", {}, 0);
  lines.end();
  CHECK(open ==
        "# HELP a_b Some help.\n# TYPE a_b counter\n"
        "a_b_total{x=\"1\",y=\"2\"} 18446744073709551615\na_b_total 0\n# EOF\n");

  std::string plain;
  MetricLines old(plain, MetricsFormat::prometheus);
  old.begin_family("a_b", MetricType::counter, "Some help.");
  old.add_counter("a_b", {}, 1);
  old.end();
  CHECK(plain == "# HELP a_b_total Some help.\n# TYPE a_b_total counter\na_b_total 1\n");
}

TEST_CASE("metric lines: gauges, decimals and values below zero") {
  std::string out;
  MetricLines lines(out, MetricsFormat::prometheus);
  lines.begin_family("g", MetricType::gauge, "H.");
  lines.add("g", {}, 3);
  lines.add_signed("g", {}, -5);
  lines.add_millionths("g", {}, 0);
  lines.add_millionths("g", {}, 1);
  lines.add_millionths("g", {}, 12'345'678);
  CHECK(out == "# HELP g H.\n# TYPE g gauge\ng 3\ng -5\ng 0.000000\ng 0.000001\ng 12.345678\n");
}

TEST_CASE("metric lines: label values are escaped") {
  std::string out;
  MetricLines(out, MetricsFormat::open_metrics).add("g", {{"l", "a\"b\\c\nd\xc3\xa4\""}}, 1);
  CHECK(out == "g{l=\"a\\\"b\\\\c\\nd\xc3\xa4\\\"\"} 1\n");
  out.clear();
  MetricLines(out, MetricsFormat::open_metrics).add("g", {{"l", ""}}, 1);
  CHECK(out == "g{l=\"\"} 1\n");
}

TEST_CASE("metric lines: a histogram is cumulative, and its count is its last bucket") {
  shm::ResponseSums sums;
  sums.by_time[0] = 1;
  sums.by_time[14] = 2;
  sums.by_time[15] = 4;
  sums.total_us = 123'000'456;
  std::string out;
  MetricLines lines(out, MetricsFormat::open_metrics);
  lines.begin_family("h", MetricType::histogram, "H.");
  lines.add_times("h", {"l", "v"}, sums);
  std::string wanted = "# HELP h H.\n# TYPE h histogram\n";
  for (const char* bound : {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                            "0.5", "1.0", "2.5", "5.0", "10.0", "30.0"}) {
    wanted += std::string("h_bucket{l=\"v\",le=\"") + bound + "\"} 1\n";
  }
  wanted +=
      "h_bucket{l=\"v\",le=\"60.0\"} 3\nh_bucket{l=\"v\",le=\"+Inf\"} 7\n"
      "h_sum{l=\"v\"} 123.000456\nh_count{l=\"v\"} 7\n";
  CHECK(out == wanted);
}
