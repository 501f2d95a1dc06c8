// The document `metrics`: its formats and its parts.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "worker/serve/metrics.h"

using worker::serve::Metrics;
using worker::serve::metrics_format;
using worker::serve::MetricsFormat;

namespace {

// A site with many services and backends.
struct Big {
  explicit Big(std::uint32_t count) {
    std::vector<shm::ServiceId> ids;
    for (std::uint32_t i = 0; i < count; ++i) {
      REQUIRE(segment.backends().enroll(i + 1, 8, 0) == i);
      ids.push_back(i + 1);
      state.names.backends.push_back({"be" + std::to_string(i), "192.0.2.1:80"});
      state.names.services.push_back("192.0.2.1:80/" + std::to_string(i + 1));
    }
    REQUIRE(segment.services().enroll(ids));
    REQUIRE(segment.listeners().enroll(1, 8) == 0u);
    state.names.listeners.push_back("192.0.2.1:80");
  }

  shm::Segment segment{1000};
  worker::serve::State state{.segment = segment, .names = {}, .page_fields = {}};
};

std::string whole(const worker::serve::State& state, MetricsFormat format, std::size_t& longest) {
  Metrics metrics(state, format, 1000);
  while (metrics.prepare()) continue;
  std::string text;
  for (bool more = true; more;) {
    std::string part;
    more = metrics.next(part);
    CHECK(!part.empty());
    longest = std::max(longest, part.size());
    text += part;
  }
  return text;
}

std::size_t lines_with(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size()) ++count;
  return count;
}

}  // namespace

TEST_CASE("metrics: the format that a client gets") {
  CHECK(metrics_format("") == MetricsFormat::open_metrics);
  CHECK(metrics_format("*/*") == MetricsFormat::open_metrics);
  CHECK(metrics_format("text/html") == MetricsFormat::open_metrics);
  CHECK(metrics_format("text/plain") == MetricsFormat::prometheus);
  CHECK(metrics_format("Text/Plain;version=0.0.4;q=0.5, */*;q=0.1") == MetricsFormat::prometheus);
  CHECK(
      metrics_format("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5") ==
      MetricsFormat::open_metrics);
}

TEST_CASE("metrics: a large site comes in short parts, and every family begins once") {
  Big big(1000);
  shm::add_to(big.segment.listeners().cells(0, 0).own_reasons[0], 1);
  std::size_t longest = 0;
  const std::string text = whole(big.state, MetricsFormat::open_metrics, longest);
  CHECK(longest < worker::serve::kPartSize + 4096);
  CHECK(text.size() > 50 * worker::serve::kPartSize);
  CHECK(text.ends_with("\n# EOF\n"));
  for (const worker::serve::MetricFamily& family : worker::serve::metric_families()) {
    CAPTURE(family.name);
    CHECK(lines_with(text, "# TYPE " + std::string(family.name) + " ") == 1);
  }
  for (const char* last : {"be999", "192.0.2.1:80/1000"}) {
    CHECK(text.find(std::string("\"") + last + "\"") != text.npos);
  }
  // No sample is there twice.
  std::set<std::string> names;
  std::size_t samples = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    if (!line.starts_with("#")) {
      names.insert(line.substr(0, line.rfind(' ')));
      ++samples;
    }
    at = end + 1;
  }
  CHECK(names.size() == samples);
}

TEST_CASE("metrics: the session store, where there is one") {
  Big big(1);
  std::size_t longest = 0;
  const auto text = [&] { return whole(big.state, MetricsFormat::prometheus, longest); };
  CHECK(text().find("\npound_session_store") == std::string::npos);
  big.state.names.store = "a:6379";
  shm::StoreState& store = big.segment.store();
  for (unsigned what = 0; what < shm::kStoreCounts; ++what) {
    for (unsigned i = 0; i <= what; ++i) store.count(0, static_cast<shm::StoreCount>(what));
  }
  const shm::Row row = *big.segment.workers().take(0, 1);
  store.set_link(row, shm::StoreLink::late);
  store.set_link(row + 1, shm::StoreLink::down);  // a row without a worker
  const std::string full = text();
  for (const char* line : {"asked_total 1", "found_total 2", "written_total 3", "late_total 4",
                           "refused_total 5", "skipped_total 6", "workers{state=\"refusing\"} 0",
                           "workers{state=\"late\"} 1", "workers{state=\"down\"} 0",
                           "workers{state=\"ready\"} 0", "workers{state=\"connecting\"} 0"}) {
    CAPTURE(line);
    CHECK(lines_with(full, "\npound_session_store_" + std::string(line) + "\n") == 1);
  }
}

TEST_CASE("metrics: rows of other generations have no samples") {
  Big big(3);
  big.state.names.backends[1] = {};
  big.state.names.services[1].clear();
  std::size_t longest = 0;
  const std::string text = whole(big.state, MetricsFormat::prometheus, longest);
  CHECK(text.find("be0\"") != text.npos);
  CHECK(text.find("be1\"") == text.npos);
  CHECK(text.find("be2\"") != text.npos);
  CHECK(text.find("80/2\"") == text.npos);
  CHECK(text.find("\"\"") == text.npos);
  CHECK(text.find("# EOF") == text.npos);
}
