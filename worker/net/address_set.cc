// Networks as ranges of addresses: see address_set.h.
#include "worker/net/address_set.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace worker::net {

namespace {

constexpr std::size_t kStep = 32;  // ranges for each entry of `every`

template <typename Number>
Number number_of(const IpAddress& address) {
  if constexpr (sizeof(Number) == sizeof(std::uint32_t)) {
    return static_cast<Number>(address.low);
  } else {
    return static_cast<Number>(address.high) << 64 | address.low;
  }
}

template <typename Number>
Number last_of(const conf::Network& network) {
  constexpr unsigned kBits = 8 * sizeof(Number);
  const auto first = number_of<Number>(network.address);
  if (network.bits >= kBits) return first;
  return static_cast<Number>(first | static_cast<Number>(~Number{0}) >> network.bits);
}

// How many of the `size` numbers from `first` on are not above `wanted`. They ascend. Has no branch
// that depends on them.
template <typename Number>
std::size_t count_up_to(const Number* first, std::size_t size, Number wanted) {
  const Number* from = first;
  while (size > 1) {
    const std::size_t half = size / 2;
    from += half & (std::size_t{0} - static_cast<std::size_t>(from[half - 1] <= wanted));
    size -= half;
  }
  const std::size_t last = size == 1 && *from <= wanted ? 1 : 0;
  return static_cast<std::size_t>(from - first) + last;
}

auto order_of(const AddressSet::Entry& entry) {
  const IpAddress& address = entry.network.address;
  return std::tuple(address.is_v6, address.high, address.low, entry.network.bits);
}

}  // namespace

template <typename Number>
void AddressSet::Ranges<Number>::add(Number begin, AddressMark mark) {
  if (!begins.empty() && begins.back() == begin) {
    begins.pop_back();
    marks.pop_back();
  }
  const AddressMark before = marks.empty() ? AddressMark::none : marks.back();
  if (mark == before) return;
  begins.push_back(begin);
  marks.push_back(mark);
}

template <typename Number>
void AddressSet::Ranges<Number>::finish() {
  begins.shrink_to_fit();
  marks.shrink_to_fit();
  for (std::size_t i = 0; i < begins.size(); i += kStep) every.push_back(begins[i]);
}

template <typename Number>
AddressMark AddressSet::Ranges<Number>::find(Number address) const {
  const std::size_t block = count_up_to(every.data(), every.size(), address);
  if (block == 0) return AddressMark::none;
  const std::size_t first = (block - 1) * kStep;
  const std::size_t size = std::min(kStep, begins.size() - first);
  return marks[first + count_up_to(begins.data() + first, size, address) - 1];
}

// Networks are either apart or one within the other, and the outer one comes first.
template <typename Number>
AddressSet::Ranges<Number> AddressSet::ranges_of(const std::vector<Entry>& entries, bool is_v6) {
  struct Open {
    Number last;
    AddressMark mark;
  };
  Ranges<Number> ranges;
  std::vector<Open> open;
  const auto close = [&] {
    const Number last = open.back().last;
    open.pop_back();
    if (last == static_cast<Number>(~Number{0})) return;
    ranges.add(static_cast<Number>(last + 1), open.empty() ? AddressMark::none : open.back().mark);
  };
  for (const Entry& entry : entries) {
    if (entry.network.address.is_v6 != is_v6) continue;
    const auto first = number_of<Number>(entry.network.address);
    while (!open.empty() && open.back().last < first) close();
    open.push_back({last_of<Number>(entry.network), entry.mark});
    ranges.add(first, entry.mark);
  }
  while (!open.empty()) close();
  ranges.finish();
  return ranges;
}

AddressSet::AddressSet(std::vector<Entry> entries) {
  const auto is_before = [](const Entry& a, const Entry& b) { return order_of(a) < order_of(b); };
  if (!std::is_sorted(entries.begin(), entries.end(), is_before)) {
    std::stable_sort(entries.begin(), entries.end(), is_before);
  }
  v4_ = ranges_of<std::uint32_t>(entries, false);
  v6_ = ranges_of<Wide>(entries, true);
}

AddressMark AddressSet::find(const IpAddress& address) const {
  return address.is_v6 ? v6_.find(number_of<Wide>(address))
                       : v4_.find(number_of<std::uint32_t>(address));
}

}  // namespace worker::net
