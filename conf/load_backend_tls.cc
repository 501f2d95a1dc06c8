// `TLS` of a backend: see load_backend_tls.h.
#include "conf/load_backend_tls.h"

#include <string_view>

#include "conf/load_backend.h"

namespace conf {

namespace {

// One text may hold several names with colons between them, as OpenSSL writes them.
void append_ciphers(const Node& node, std::vector<CipherName>& ciphers) {
  for (std::string_view text = node.text; !text.empty();) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (!name.empty()) ciphers.push_back({std::string(name), node.where});
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
}

void load_certificate(const Section& section, BackendTls& tls, Diagnostics& diagnostics) {
  const Section::Member* const certificate = section.find("Cert");
  const Section::Member* const key = section.find("Key");
  if (certificate == nullptr || section.reported("Key")) {
    if (key != nullptr && !section.reported("Cert")) {
      diagnostics.error(key->value->where, "`Key` needs `Cert`: the certificate of this key");
    }
    return;
  }
  tls.certificate = {.path = certificate->value->text, .where = certificate->value->where};
  if (key == nullptr) return;
  tls.certificate->key = key->value->text;
  tls.certificate->key_where = key->value->where;
}

// Without a check there is nothing that these keys could change.
void refuse_without_verify(const Section& section, std::string_view key, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find(key);
  if (member == nullptr) return;
  diagnostics.error(member->value->where, "`" + std::string(key) +
                                              "` has no effect with `Verify: false`; leave one of "
                                              "them out");
}

}  // namespace

std::vector<CipherName> load_ciphers(const Section& section) {
  std::vector<CipherName> ciphers;
  for (const Node* item : section.items("Ciphers")) append_ciphers(*item, ciphers);
  return ciphers;
}

std::optional<BackendTls> load_backend_tls(const Section& backend, Diagnostics& diagnostics) {
  const Section::Member* const member = backend.find("TLS");
  if (member == nullptr) return std::nullopt;
  BackendTls tls;
  tls.where = tls.ca_where = member->value->where;
  if (member->value->is(Node::Kind::scalar)) {
    return member->number != 0 ? std::optional(tls) : std::nullopt;
  }
  const Section section(backend_tls_schema(), *member->value, diagnostics);
  tls.verify = section.choice("Verify", tls.verify);
  if (const Section::Member* const ca = section.find("CA")) {
    if (ca->value->text != "system") tls.ca = ca->value->text;
    tls.ca_where = ca->value->where;
  }
  if (section.reported("CA")) tls.verify = false;  // nothing is loaded in its place
  if (!tls.verify) refuse_without_verify(section, "CA", diagnostics);
  load_host(section, "Name", tls.name, diagnostics);
  load_certificate(section, tls, diagnostics);
  tls.min_tls = section.choice("MinTLS", tls.min_tls);
  tls.ciphers = load_ciphers(section);
  tls.alpn = section.choice("ALPN", tls.alpn);
  return tls;
}

}  // namespace conf
