// TrustedProxies, ClientField and Clients: see load_clients.h.
#include "conf/load_clients.h"

#include "conf/scalar.h"

namespace conf {

AddressList load_trusted_proxies(const Section& section, Diagnostics& diagnostics) {
  AddressList list = load_addresses(section, "TrustedProxies", diagnostics, true);
  for (const AddressItem& item : list) {
    if (item.is_unix || !item.file.empty() || item.network.bits != 0) continue;
    diagnostics.warning(Lint::everybody_trusted, item.where,
                        "`TrustedProxies` has all addresses of " +
                            std::string(item.network.address.is_v6 ? "IPv6" : "IPv4") +
                            ", so that none is left for a client");
  }
  return list;
}

std::optional<std::string> load_client_field(const Section& section, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("ClientField");
  if (member == nullptr) return std::nullopt;
  if (is_token(member->value->text)) return member->value->text;
  diagnostics.error(member->value->where, "`ClientField` is " + describe(*member->value) +
                                              ", expected " + expectation(*member->key) +
                                              ", made of letters, digits and " +
                                              std::string(kTokenMarks));
  return std::nullopt;
}

ClientList load_clients(const Section& section, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Clients");
  if (member == nullptr) return {};
  const Section lists(clients_schema(), *member->value, diagnostics);
  for (const std::string_view key : {"Allow", "Deny"}) {
    const Section::Member* const list = lists.find(key);
    if (list == nullptr || !list->items.empty() || !list->value->children.empty()) continue;
    diagnostics.error(list->value->where,
                      "`" + std::string(key) + "` is an empty list, expected at least one address");
  }
  const bool says_something = lists.find("Allow") != nullptr || lists.find("Deny") != nullptr ||
                              lists.reported("Allow") || lists.reported("Deny");
  if (!says_something) {
    diagnostics.error(member->value->where,
                      "`Clients` has no list, expected `Allow` or `Deny`, or both");
  }
  return {load_addresses(lists, "Allow", diagnostics), load_addresses(lists, "Deny", diagnostics)};
}

}  // namespace conf
