// See document.h.
#include "worker/serve/document.h"

#include "worker/http/normal_path.h"
#include "worker/http/uri.h"
#include "worker/serve/metrics.h"
#include "worker/serve/status_json.h"
#include "worker/serve/status_page.h"

namespace worker::serve {
namespace {

std::string_view last_segment(std::string_view path_query) {
  const std::string_view path = path_query.substr(0, path_query.find('?'));
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::optional<Document> document_of(conf::Serve serve, std::string_view path_query,
                                    std::string_view accept) {
  std::string scratch;
  const std::string_view name = last_segment(http::normal_path_query(path_query, scratch));
  switch (serve) {
    case conf::Serve::status:
      if (name == "status.json") return Document::status_json;
      if (name.empty()) return Document::status_page;
      break;
    case conf::Serve::metrics:
      return metrics_format(accept) == MetricsFormat::prometheus ? Document::prometheus
                                                                 : Document::open_metrics;
  }
  return std::nullopt;
}

// "./" keeps a segment with a colon from being taken for a scheme (RFC 3986 4.2).
std::string page_location(std::string_view path_query) {
  std::string location = "./";
  http::append_path_query(last_segment(path_query), false, location);
  return location += '/';
}

std::unique_ptr<Body> make_body(Document document, const State& state, std::uint64_t now_ms) {
  switch (document) {
    case Document::status_page:
      return std::make_unique<StatusPage>(state, now_ms);
    case Document::open_metrics:
      return std::make_unique<Metrics>(state, MetricsFormat::open_metrics, now_ms);
    case Document::prometheus:
      return std::make_unique<Metrics>(state, MetricsFormat::prometheus, now_ms);
    case Document::status_json:
      break;
  }
  return std::make_unique<StatusJson>(state, now_ms);
}

}  // namespace worker::serve
