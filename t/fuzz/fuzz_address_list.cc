// Fuzzes the lines of a file with addresses, and the set that they make.
//
// Properties: reading ends; each network that was read has no bit behind its prefix, and its text
// means the same network; the set knows the first address of each; a line is either an error, a
// network or nothing; the messages have no control character except line feeds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/address_list.h"
#include "worker/net/address_set.h"

using worker::net::AddressMark;
using worker::net::AddressSet;

namespace {

void check_text(const conf::Network& network) {
  std::string error;
  const auto again = conf::parse_network(conf::network_text(network), error);
  if (!again || !(*again == network)) std::abort();
  const auto address = conf::parse_ip(conf::ip_text(network.address));
  if (!address || !(*address == network.address)) std::abort();
}

void check_messages(const conf::Diagnostics& diagnostics) {
  for (const char c : diagnostics.text()) {
    if ((c >= '\0' && c < ' ' && c != '\n') || c == '\x7f') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = std::make_shared<const conf::SourceFile>(
      conf::SourceFile{"fuzz", std::string(reinterpret_cast<const char*>(data), size)});
  conf::Diagnostics diagnostics;
  conf::AddressLines lines(file);
  conf::Network network;
  std::vector<AddressSet::Entry> entries;
  std::size_t last_line = 0;
  while (lines.next(network, diagnostics)) {
    if (lines.line() <= last_line || lines.column() == 0) std::abort();
    last_line = lines.line();
    check_text(network);
    entries.push_back({network, AddressMark::allow});
  }
  check_messages(diagnostics);
  const AddressSet set(entries);
  for (const AddressSet::Entry& entry : entries) {
    if (!set.contains(entry.network.address)) std::abort();
  }
  return 0;
}
