// See row_names.h.
#include "master/row_names.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/address.h"
#include "master/limits.h"

namespace master {
namespace {

template <class Name>
void put(std::vector<Name>& names, std::uint32_t row, Name name) {
  names.resize(std::max<std::size_t>(names.size(), std::size_t{row} + 1));
  names[row] = std::move(name);
}

// As configured: the name may have several addresses, or none.
std::string address_of(const conf::Backend& backend) {
  return conf::host_port(backend.address, backend.port);
}

void put_dates(std::vector<shm::RowNames::Certificate>& all, std::string_view owner,
               const std::string& of, const worker::tls::CertificateDates* dates) {
  if (dates == nullptr) return;
  for (std::size_t i = 0; i < std::min(dates->size(), shm::kMostCertificates); ++i) {
    const worker::tls::CertificateDate& one = (*dates)[i];
    all.push_back({owner, of, one.name, one.path, one.not_after_s});
  }
}

std::vector<shm::RowNames::Certificate> certificates_of(const worker::Heritage& heritage) {
  std::vector<shm::RowNames::Certificate> all;
  for (const worker::route::ListenerHeritage& listener : heritage.listeners) {
    put_dates(all, "listener", listener.name, listener.certificates.get());
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    put_dates(all, "backend", heritage.config->backends[i].name,
              heritage.backends[i].certificates.get());
  }
  return all;
}

}  // namespace

void add_names(shm::RowNames& names, const worker::Heritage& heritage) {
  for (const worker::route::ListenerHeritage& listener : heritage.listeners) {
    put(names.listeners, listener.row, listener.name);
    for (std::size_t i = 0; i < listener.service_rows.size(); ++i) {
      put(names.services, listener.service_rows[i], worker::route::service_name(listener.name, i));
    }
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const conf::Backend& backend = heritage.config->backends[i];
    put(names.backends, heritage.backends[i].row,
        {backend.name, address_of(backend), backend.weight()});
  }
  add_limit_names(names, heritage);
  names.certificates = certificates_of(heritage);
  names.reasons = worker::refusal_codes();
}

}  // namespace master
