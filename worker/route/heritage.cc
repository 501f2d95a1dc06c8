// Names of services: see heritage.h.
#include "worker/route/heritage.h"

namespace worker::route {

std::string service_name(const net::SocketAddress& listener, std::size_t index) {
  return net::host_port_text(listener) + "/" + std::to_string(index + 1);
}

std::string service_identity(const net::SocketAddress& listener, const conf::Service& service) {
  std::string text = net::host_port_text(listener);
  const auto add = [&](char mark, const std::string& pattern) {
    text += '\n';
    text += mark;
    text += pattern;
  };
  if (service.url) add('u', service.url->text());
  for (const conf::Pattern& pattern : service.head_require) add('r', pattern.text());
  for (const conf::Pattern& pattern : service.head_deny) add('d', pattern.text());
  add(static_cast<char>('0' + static_cast<int>(service.session.type)), service.session.id);
  return text;
}

}  // namespace worker::route
