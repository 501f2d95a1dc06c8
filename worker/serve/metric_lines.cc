// Lines of metrics: see metric_lines.h.
#include "worker/serve/metric_lines.h"

#include <charconv>

namespace worker::serve {
namespace {

// The bounds of shm::kTimeBounds in seconds, as both formats want them: a decimal is always there.
constexpr std::array<std::string_view, shm::kTimeBuckets> kBounds{
    "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",  "0.25",
    "0.5",   "1.0",    "2.5",   "5.0",  "10.0",  "30.0", "60.0", "+Inf"};

std::string_view word_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "unknown";
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\\\"\n", from), text.size());
    out.append(text, from, end - from);
    if (end == text.size()) return;
    out += '\\';
    out += text[end] == '\n' ? 'n' : text[end];
    from = end + 1;
  }
}

}  // namespace

void MetricLines::begin_family(std::string_view name, MetricType type, std::string_view help) {
  const bool has_total = type == MetricType::counter && format_ == MetricsFormat::prometheus;
  const std::string_view suffix = has_total ? "_total" : "";
  out_.append("# HELP ").append(name).append(suffix).append(" ").append(help).append("\n");
  out_.append("# TYPE ").append(name).append(suffix).append(" ").append(word_of(type));
  out_ += '\n';
}

void MetricLines::put_name(std::string_view name, std::string_view suffix, Labels labels) {
  out_.append(name).append(suffix);
  char before = '{';
  for (const Label& label : labels) {
    out_ += before;
    out_.append(label.name).append("=\"");
    append_escaped(out_, label.value);
    out_ += '"';
    before = ',';
  }
  out_.append(before == '{' ? " " : "} ");
}

void MetricLines::put_number(std::uint64_t value) {
  char digits[20];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void MetricLines::put_millionths(std::uint64_t value) {
  put_number(value / 1'000'000);
  char digits[7];  // a leading 1 keeps the zeros behind it
  std::to_chars(digits, digits + sizeof digits, 1'000'000 + value % 1'000'000);
  digits[0] = '.';
  out_.append(digits, sizeof digits);
}

void MetricLines::add(std::string_view name, Labels labels, std::uint64_t value) {
  put_name(name, "", labels);
  put_number(value);
  out_ += '\n';
}

void MetricLines::add_counter(std::string_view name, Labels labels, std::uint64_t value) {
  put_name(name, "_total", labels);
  put_number(value);
  out_ += '\n';
}

void MetricLines::add_millionths(std::string_view name, Labels labels, std::uint64_t value) {
  put_name(name, "", labels);
  put_millionths(value);
  out_ += '\n';
}

void MetricLines::add_signed(std::string_view name, Labels labels, std::int64_t value) {
  put_name(name, "", labels);
  out_.append(std::to_string(value)).append("\n");
}

void MetricLines::add_times(std::string_view name, Label label, const shm::ResponseSums& sums) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < shm::kTimeBuckets; ++i) {
    count += sums.by_time[i];
    put_name(name, "_bucket", {label, {"le", kBounds[i]}});
    put_number(count);
    out_ += '\n';
  }
  put_name(name, "_sum", {label});
  put_millionths(sums.total_us);
  out_ += '\n';
  put_name(name, "_count", {label});
  put_number(count);
  out_ += '\n';
}

void MetricLines::end() {
  if (format_ == MetricsFormat::open_metrics) out_.append("# EOF\n");
}

}  // namespace worker::serve
