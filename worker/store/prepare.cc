// See prepare.h.
#include "worker/store/prepare.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "worker/log/escape.h"
#include "worker/net/sealed_copy.h"
#include "worker/tls/backend_context.h"

namespace worker::store {

std::vector<net::Name> names_of(const conf::SessionStore& store) {
  std::vector<net::Name> names;
  for (const conf::SessionStore::Server& server : store.servers) {
    names.push_back({server.address, store.port, false});
  }
  return names;
}

std::string load_password(const conf::SessionStore& store, conf::Diagnostics& diagnostics) {
  if (store.password.empty()) return {};
  const std::string shown = "`" + log::escaped(store.password) + "`";
  const net::SealedCopy made = net::copy_sealed(store.password, "pound-password", kMostPassword);
  if (!made.why_not.empty()) {
    diagnostics.error(store.password_where, "cannot read the password of the session store " +
                                                shown + ": " + made.why_not +
                                                "; expected a readable file of at most " +
                                                std::to_string(kMostPassword) + " bytes");
    return {};
  }
  const net::MappedText mapped(made.copy.get());
  std::string_view text = mapped.text();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) {
    diagnostics.error(store.password_where,
                      "the file " + shown + " has no password of the session store; it is empty");
    return {};
  }
  if ((made.mode & S_IROTH) != 0) {
    diagnostics.warning(conf::Lint::readable_secret, store.password_where,
                        "everybody on this machine may read the password of the session store " +
                            shown + "; expected mode 0640 or less");
  }
  return std::string(text);
}

std::shared_ptr<tls::BackendContext> load_tls(const conf::SessionStore& store, tls::Trust& trust,
                                              conf::Diagnostics& diagnostics) {
  if (!store.tls) return nullptr;
  const std::string address = store.servers.size() == 1 ? store.servers[0].address : "";
  return tls::BackendContext::make(*store.tls, address, trust, diagnostics);
}

std::vector<net::SocketAddress> take_servers(const conf::SessionStore& store,
                                             const net::Resolved* resolved,
                                             conf::Diagnostics& diagnostics) {
  std::vector<net::SocketAddress> servers;
  for (std::size_t i = 0; i < store.servers.size(); ++i) {
    const conf::SessionStore::Server& server = store.servers[i];
    if (resolved[i].addresses.empty()) {
      diagnostics.warning(conf::Lint::unresolved_name, server.where,
                          "the session store `" + log::escaped(server.address) +
                              "` does not resolve: " + log::escaped(resolved[i].error) +
                              "; it is not used until a reload finds it");
    }
    for (const net::SocketAddress& address : resolved[i].addresses) {
      const bool is_new = std::ranges::none_of(servers, [&](const net::SocketAddress& known) {
        return net::host_port_text(known) == net::host_port_text(address);
      });
      if (is_new) servers.push_back(address);
    }
  }
  return servers;
}

}  // namespace worker::store
