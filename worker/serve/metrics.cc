// See metrics.h.
#include "worker/serve/metrics.h"

#include <algorithm>

namespace worker::serve {
namespace {

constexpr std::string_view kOpenMetrics =
    "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view kPrometheus =
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

}  // namespace

MetricsFormat metrics_format(std::string_view accept) {
  std::string text(accept);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool knows_open_metrics = text.find("application/openmetrics-text") != text.npos;
  const bool wants_text = text.find("text/plain") != text.npos;
  return wants_text && !knows_open_metrics ? MetricsFormat::prometheus
                                           : MetricsFormat::open_metrics;
}

Metrics::Metrics(const State& state, MetricsFormat format, std::uint64_t now_ms)
    : source_{.state = state, .now_ms = now_ms, .sessions = {}, .sessions_of = {}},
      count_(state.segment),
      format_(format) {
  sessions_.at_ms = now_ms;
}

bool Metrics::prepare() {
  if (count_.step(sessions_)) return true;
  source_.sessions = sessions_.sessions;
  source_.sessions_of = count_.by_service();
  return false;
}

bool Metrics::next(std::string& part) {
  const std::size_t before = part.size();
  const std::span<const MetricFamily> families = metric_families();
  MetricLines lines(part, format_);
  while (family_ < families.size() && part.size() - before < kPartSize) {
    const MetricFamily& family = families[family_];
    if (owner_ == 0) lines.begin_family(family.name, family.type, family.help);
    const std::uint32_t owners = owners_of(family.owner, source_);
    // At least one, so that the family does not begin a second time.
    while (owner_ < owners) {
      family.write(source_, owner_++, family.name, lines);
      if (part.size() - before >= kPartSize) break;
    }
    if (owner_ < owners) return true;
    owner_ = 0;
    ++family_;
  }
  if (family_ < families.size()) return true;
  lines.end();
  return false;
}

std::string_view Metrics::fields() const {
  return format_ == MetricsFormat::open_metrics ? kOpenMetrics : kPrometheus;
}

std::size_t Metrics::memory() const {
  return 2 * source_.state.segment.services().size() * sizeof(std::uint64_t) + 2 * kPartSize;
}

}  // namespace worker::serve
