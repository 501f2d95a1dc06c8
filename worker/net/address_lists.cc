// From lists to address sets: see address_lists.h.
#include "worker/net/address_lists.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "conf/file.h"

namespace worker::net {

namespace {

constexpr std::size_t kLinesInStep = 8192;  // about 2 ms

// Where a network was found. `source` is an index into Collected::sources.
struct Found {
  conf::Network network;
  AddressMark mark;
  std::uint32_t source;
  std::uint32_t line;
  std::uint32_t column;
};

// The networks of a set before it is made. A source is a file or, with its own line and column, an
// item of the configuration.
struct Collected {
  std::vector<Found> all;
  std::vector<conf::Position> sources;

  void add(const conf::Network& network, AddressMark mark, std::size_t line, std::size_t column) {
    all.push_back({network, mark, static_cast<std::uint32_t>(sources.size() - 1),
                   static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column)});
  }
  conf::Position where(const Found& found) const {
    return {sources[found.source].file, found.line, found.column};
  }
};

std::shared_ptr<const conf::SourceFile> open(const conf::AddressItem& item,
                                             conf::Diagnostics& diagnostics) {
  conf::FileError why;
  std::optional<std::string> text = conf::read_file(item.file, kMostAddressBytes, why);
  if (text) {
    return std::make_shared<const conf::SourceFile>(
        conf::SourceFile{item.file, std::move(*text), conf::kNamedFile});
  }
  const std::string reason =
      why.kind == conf::FileError::Kind::too_large
          ? "more than " + std::to_string(kMostAddressBytes >> 20) + " MiB of text"
          : why.text();
  diagnostics.error(item.where, "cannot read the addresses in `" + conf::shown(item.file) +
                                    "`: " + reason +
                                    "; expected a file with one address or network in each line");
  return nullptr;
}

// Adds the networks of one file, in steps.
tls::Steps read(const conf::AddressItem& item, AddressMark mark, Collected& collected,
                conf::Diagnostics& diagnostics) {
  const std::shared_ptr<const conf::SourceFile> file = open(item, diagnostics);
  if (!file) co_return;
  conf::AddressLines lines(file);
  collected.sources.push_back({file, 0, 0});
  conf::Network network;
  std::size_t step_end = kLinesInStep;
  const std::size_t before = collected.all.size();
  while (lines.next(network, diagnostics)) {
    if (collected.all.size() == kMostAddresses) {
      diagnostics.error({file, lines.line(), lines.column()},
                        "more than " + std::to_string(kMostAddresses) + " networks in one list");
      co_return;
    }
    collected.add(network, mark, lines.line(), lines.column());
    if (lines.line() < step_end) continue;
    step_end = lines.line() + kLinesInStep;
    co_yield tls::Step{};
  }
  if (collected.all.size() == before && !lines.has_errors()) {
    diagnostics.error(item.where, "there is no address in `" + conf::shown(item.file) +
                                      "`; expected one address or network in each line");
  }
}

// Adds all networks of one list, in steps.
tls::Steps collect(const conf::AddressList& list, AddressMark mark, Collected& collected,
                   conf::Diagnostics& diagnostics) {
  for (const conf::AddressItem& item : list) {
    if (item.is_unix) continue;
    if (item.file.empty()) {
      collected.sources.push_back(item.where);
      collected.add(item.network, mark, item.where.line, item.where.column);
      continue;
    }
    for (tls::Steps steps = read(item, mark, collected, diagnostics); steps.next();) {
      co_yield tls::Step{};
    }
    co_yield tls::Step{};
  }
}

void sort(std::vector<Found>& all) {
  const auto order_of = [](const Found& found) {
    const IpAddress& address = found.network.address;
    return std::tuple(address.is_v6, address.high, address.low, found.network.bits);
  };
  const auto is_before = [&](const Found& a, const Found& b) { return order_of(a) < order_of(b); };
  if (!std::is_sorted(all.begin(), all.end(), is_before)) {
    std::stable_sort(all.begin(), all.end(), is_before);
  }
}

// Networks are sorted. A network that is allowed and denied would be decided by chance.
void report_conflicts(const Collected& collected, conf::Diagnostics& diagnostics) {
  const std::vector<Found>& all = collected.all;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].mark == all[i - 1].mark || !(all[i].network == all[i - 1].network)) continue;
    diagnostics.error(collected.where(all[i]),
                      "`" + conf::network_text(all[i].network) + "` is both allowed and denied");
    diagnostics.note(collected.where(all[i - 1]), "it is allowed here");
    if (diagnostics.full()) return;
  }
}

}  // namespace

tls::Steps AddressLists::load(const conf::AddressList& allow, const conf::AddressList& deny,
                              std::shared_ptr<const AddressSet>& made) {
  made = nullptr;
  if (allow.empty() && deny.empty()) co_return;
  const std::string name = conf::identity(allow) + "\n" + conf::identity(deny);
  if (const auto found = made_.find(name); found != made_.end()) {
    made = found->second;
    co_return;
  }
  conf::Diagnostics own;
  Collected collected;
  for (tls::Steps steps = collect(allow, AddressMark::allow, collected, own); steps.next();) {
    co_yield tls::Step{};
  }
  for (tls::Steps steps = collect(deny, AddressMark::deny, collected, own); steps.next();) {
    co_yield tls::Step{};
  }
  sort(collected.all);
  co_yield tls::Step{};
  report_conflicts(collected, own);
  if (!own.has_errors()) {
    std::vector<AddressSet::Entry> entries;
    entries.reserve(collected.all.size());
    for (const Found& one : collected.all) entries.push_back({one.network, one.mark});
    made = std::make_shared<const AddressSet>(std::move(entries));
  }
  diagnostics_.append(own);
  made_.emplace(name, made);
}

}  // namespace worker::net
