// All clients of one worker: see client_set.h.
#include "worker/client/client_set.h"

namespace worker::client {

void ClientSet::adopt(std::unique_ptr<ClientConnection> client) {
  ClientConnection& adopted = *client;
  adopted.set_index(static_cast<std::uint32_t>(clients_.size()));
  clients_.push_back(std::move(client));
  show_count();
  adopted.start();
}

void ClientSet::replace(ClientConnection& client, std::unique_ptr<ClientConnection> next) {
  const std::uint32_t index = client.index();
  next->set_index(index);
  if (auto counted = counted_.extract(&client)) {
    counted.key() = next.get();
    counted_.insert(std::move(counted));
  }
  ClientConnection& started = *next;
  loop_.dispose(std::move(clients_[index]));
  clients_[index] = std::move(next);
  started.start();
}

void ClientSet::set_counted(const ClientConnection& client,
                            std::unique_ptr<route::CountedConnection> counted) {
  if (counted) counted_[&client] = std::move(counted);
}

void ClientSet::dismiss(ClientConnection& client) {
  counted_.erase(&client);
  const std::uint32_t index = client.index();
  loop_.dispose(std::move(clients_[index]));
  if (index + 1 != clients_.size()) {
    clients_[index] = std::move(clients_.back());
    clients_[index]->set_index(index);
  }
  clients_.pop_back();
  ++left_;
  show_count();
  if (is_draining() && clients_.empty()) loop_.stop();
}

void ClientSet::drain(Mode mode) {
  mode_ = mode;
  drain_each();
  if (clients_.empty()) loop_.stop();
}

void ClientSet::obey_standby() {
  const std::uint64_t since_ms = standby_.since_ms();
  if (since_ms == standby_since_ms_) return;
  standby_since_ms_ = since_ms;
  if (since_ms != 0) drain_each();
}

void ClientSet::drain_each() {
  // From the end: a client that leaves is replaced by the last one, which was drained already.
  for (std::size_t i = clients_.size(); i-- > 0;) clients_[i]->drain();
}

std::size_t ClientSet::cut_off(std::string_view reason) {
  std::size_t count = 0;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (!clients_[i]->is_idle()) ++count;
    clients_[i]->cut_off(reason);
  }
  return count;
}

void ClientSet::show_count() {
  workers_.set_clients(row_, static_cast<std::uint32_t>(clients_.size()));
}

}  // namespace worker::client
