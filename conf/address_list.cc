// Lists of addresses: see address_list.h.
#include "conf/address_list.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "conf/source_text.h"

namespace conf {

namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kBlanks = " \t\v\f";

}  // namespace

AddressList load_addresses(const Section& section, std::string_view key, Diagnostics& diagnostics,
                           bool may_be_unix) {
  AddressList list;
  const auto complain = [&](const Node& item, const std::string& what) {
    diagnostics.error(item.where, "`" + std::string(key) + "` has " + describe(item) + ", " + what);
  };
  for (const Node* item : section.items(key)) {
    const std::string_view text = item->text;
    if (text.starts_with(kFile)) {
      if (text.size() == kFile.size()) {
        complain(*item, "expected the path of a file behind it");
      } else {
        list.push_back({{}, std::string(text.substr(kFile.size())), item->where});
      }
      continue;
    }
    if (text == kUnixItem) {
      if (!may_be_unix) complain(*item, "which only `TrustedProxies` knows: it has no address");
      list.push_back({{}, {}, item->where, true});
      continue;
    }
    std::string error;
    if (const std::optional<Network> network = parse_network(text, error)) {
      list.push_back({*network, {}, item->where});
    } else {
      if (text.starts_with('/')) error = "write a file as `file:" + shown(as_written(*item)) + "`";
      const bool is_shown = item->written.empty() || text.starts_with('/');
      complain(*item, is_shown ? error : "expected " + expectation(*section.find(key)->key));
    }
  }
  return list;
}

std::string identity(const AddressList& list) {
  std::string text;
  for (const AddressItem& item : list) {
    if (item.is_unix) text.append(kUnixItem).push_back('\0');
    if (item.is_unix) continue;
    text.append(item.file.empty() ? network_text(item.network) : std::string(kFile) + item.file);
    text.push_back('\0');
  }
  return text;
}

AddressLines::AddressLines(std::shared_ptr<const SourceFile> file)
    : file_(std::move(file)), rest_(without_byte_order_mark(file_->text)) {}

bool AddressLines::next(Network& network, Diagnostics& diagnostics) {
  while (!rest_.empty() && errors_ < kMostErrors) {
    const std::string_view all = take_line(rest_);
    ++line_;
    std::string_view line = all.substr(0, all.find('#'));
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
    if (line.empty()) continue;
    column_ = static_cast<std::size_t>(line.data() - all.data()) + 1;
    std::string error;
    if (const std::optional<Network> found = parse_network(line, error)) {
      network = *found;
      return true;
    }
    ++errors_;
    diagnostics.error({file_, line_, column_}, "`" + shown(line) + "`, " + error);
    if (errors_ == kMostErrors) diagnostics.note({file_, line_, column_}, "reading stops here");
  }
  return false;
}

}  // namespace conf
