// One limit on clients: see client_limit.h.
#include "worker/route/client_limit.h"

#include <cstring>
#include <utility>

#include "worker/http/session_key.h"
#include "worker/log/escape.h"
#include "worker/route/client_network.h"

namespace worker::route {

namespace {

// The limit's own secret for one kind of clients.
HashSecret derived(const HashSecret& secret, shm::LimitId id, char kind) {
  char text[sizeof id + 1];
  std::memcpy(text, &id, sizeof id);
  text[sizeof id] = kind;
  const shm::SessionKey made = keyed_hash(secret, {text, sizeof text});
  return {made.low, made.high};
}

}  // namespace

ClientLimit::ClientLimit(std::string title, const conf::ClientLimit& config,
                         LimitHeritage inherited, const LimitTables& tables)
    : title_(std::move(title)),
      config_(&config),
      inherited_(inherited),
      address_secret_(derived(tables.secret, inherited.id, 'a')),
      text_secret_(derived(tables.secret, inherited.id, 't')),
      connection_secret_(derived(tables.secret, inherited.id, 'c')),
      segment_(&tables.segment),
      row_(tables.row),
      rate_(rate_of(config)) {}

std::optional<std::uint64_t> ClientLimit::over_rate(const http::RequestHead& head,
                                                    std::string_view client_ip,
                                                    std::uint64_t now_us, log::Log& log) {
  if (rate_.interval_us == 0) return std::nullopt;
  const shm::RateVerdict verdict = segment_->rates().pass(key_of(head, client_ip), rate_, now_us);
  if (verdict.evicted) count(shm::LimitField::evicted);
  if (verdict.passes) {
    count(shm::LimitField::passed);
    return std::nullopt;
  }
  count(shm::LimitField::over);
  note_over(client_ip, "is over its rate", now_us, log);
  if (is_observing()) return std::nullopt;
  return verdict.wait_us;
}

bool ClientLimit::admits(std::string_view client_ip, CountedConnection& counted,
                         std::uint64_t now_us, log::Log& log) {
  if (!has_connections()) return true;
  using Entry = shm::ClientConnections::Entry;
  shm::ClientConnections& table = segment_->client_connections();
  const shm::SessionKey key = key_of_address(connection_secret_, client_ip);
  const Entry entry =
      table.try_enter(key, row_, segment_->workers().rows_in_use(), config_->connections);
  if (entry == Entry::counted) counted.add(key);
  if (entry != Entry::over) return true;
  count(shm::LimitField::connections_over);
  note_over(client_ip, "has too many connections", now_us, log);
  if (is_observing() && table.enter(key, row_)) counted.add(key);
  return is_observing();
}

shm::SessionKey ClientLimit::key_of(const http::RequestHead& head,
                                    std::string_view client_ip) const {
  if (config_->key == conf::ClientLimit::Key::address) {
    return key_of_address(address_secret_, client_ip);
  }
  const http::SessionSource source = config_->key == conf::ClientLimit::Key::cookie
                                         ? http::SessionSource::cookie
                                         : http::SessionSource::header;
  std::string unused;
  const auto text = http::session_text(source, config_->key_name, head, unused);
  return text ? keyed_hash(text_secret_, *text) : key_of_address(address_secret_, client_ip);
}

shm::SessionKey ClientLimit::key_of_address(const HashSecret& secret,
                                            std::string_view client_ip) const {
  NetworkBytes room;
  return keyed_hash(secret, client_network(client_ip, config_->mask4, config_->mask6, room));
}

// What a person takes for the client: the network, as far as it is what the limit counts.
std::string ClientLimit::client_text(std::string_view client_ip) const {
  const std::optional<net::IpAddress> address = net::parse_ip(client_ip);
  if (!address || config_->key != conf::ClientLimit::Key::address) return std::string(client_ip);
  return conf::network_text(conf::network_of(*address, config_->mask4, config_->mask6));
}

void ClientLimit::note_over(std::string_view client_ip, std::string_view why, std::uint64_t now_us,
                            log::Log& log) {
  const std::string client = client_text(client_ip);
  segment_->limits().top().count(row_, client);
  if (!is_observing() || !observed_line_.take(now_us / 1000)) return;
  std::string line = title_ + " observes: client ";
  log::append_escaped(line, client);
  line.append(" ").append(why);
  log.write(log::Severity::notice, line);
}

}  // namespace worker::route
