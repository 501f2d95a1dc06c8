// Samples of the session store: see metric_samples.h.
#include "worker/serve/metric_samples.h"

namespace worker::serve {
namespace {

using From = MetricSource;
using shm::StoreCount;
using shm::StoreLink;

void write_count(const From& from, StoreCount what, std::string_view name, MetricLines& lines) {
  const shm::StoreState::Counts::Sums sums = from.state.segment.store().sums();
  lines.add_counter(name, {}, sums[static_cast<std::size_t>(what)]);
}

}  // namespace

void write_store_links(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  const shm::WorkerTable& workers = from.state.segment.workers();
  for (const StoreLink link : {StoreLink::connecting, StoreLink::ready, StoreLink::refusing,
                               StoreLink::late, StoreLink::down}) {
    std::uint64_t count = 0;
    for (shm::Row row = 0; row < workers.rows_in_use(); ++row) {
      const bool is_free = workers.info(row).state == shm::WorkerState::free;
      count += !is_free && from.state.segment.store().link(row) == link ? 1 : 0;
    }
    lines.add(name, {{"state", to_text(link)}}, count);
  }
}

void write_store_asked(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  write_count(from, StoreCount::asked, name, lines);
}

void write_store_found(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  write_count(from, StoreCount::found, name, lines);
}

void write_store_written(const From& from, std::uint32_t, std::string_view name,
                         MetricLines& lines) {
  write_count(from, StoreCount::written, name, lines);
}

void write_store_late(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  write_count(from, StoreCount::late, name, lines);
}

void write_store_refused(const From& from, std::uint32_t, std::string_view name,
                         MetricLines& lines) {
  write_count(from, StoreCount::refused, name, lines);
}

void write_store_skipped(const From& from, std::uint32_t, std::string_view name,
                         MetricLines& lines) {
  write_count(from, StoreCount::skipped, name, lines);
}

}  // namespace worker::serve
