// See certificate_watch.h.
#include "master/certificate_watch.h"

#include <algorithm>
#include <tuple>

#include "conf/diagnostic.h"
#include "master/words.h"

namespace master {
namespace {

using worker::tls::CertificateDate;
using worker::tls::Expiry;
using worker::tls::expiry_at;
using worker::tls::expiry_text;
using worker::tls::ShownTo;
using worker::tls::until_next_stage;

constexpr std::int64_t kLookS = kCertificateLookMs / 1000;

auto identity_of(const CertificateDate& date) {
  return std::tie(date.not_after_s, date.path, date.name);
}

}  // namespace

void CertificateWatch::add(const std::string& owner, ShownTo whom,
                           const worker::tls::CertificateDates* dates) {
  if (dates == nullptr) return;
  for (const CertificateDate& date : *dates) entries_.push_back({owner, whom, date, date.told});
}

void CertificateWatch::restart(const Generation& active, std::uint64_t now_ms,
                               std::int64_t unix_s) {
  const worker::Heritage& heritage = active.heritage;
  entries_.clear();
  for (const worker::route::ListenerHeritage& listener : heritage.listeners) {
    add("listener " + listener.name, ShownTo::clients, listener.certificates.get());
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    add("backend " + heritage.config->backends[i].name, ShownTo::backend,
        heritage.backends[i].certificates.get());
  }
  if (heritage.store.certificates) {
    add("session store " + heritage.config->global.session_store->servers[0].address,
        ShownTo::backend, heritage.store.certificates.get());
  }
  std::ranges::stable_sort(entries_, [](const Entry& a, const Entry& b) {
    return identity_of(a.date) < identity_of(b.date);
  });
  const auto doubles = std::ranges::unique(entries_, [](const Entry& a, const Entry& b) {
    return identity_of(a.date) == identity_of(b.date);
  });
  entries_.erase(doubles.begin(), doubles.end());
  plan(now_ms, unix_s);
}

void CertificateWatch::turn(std::uint64_t now_ms, std::int64_t unix_s) {
  unsigned lines = 0;
  unsigned omitted = 0;
  for (Entry& entry : entries_) {
    const Expiry stage = expiry_at(entry.date.not_after_s, unix_s);
    if (stage <= entry.told) continue;
    entry.told = stage;
    if (++lines > kCertificateLines) {
      ++omitted;
      continue;
    }
    const std::string name = entry.date.name.empty() ? "" : " for " + conf::shown(entry.date.name);
    log_queue_.log(worker::log::Severity::warning,
                   "the certificate `" + conf::shown(entry.date.path) + "`" + name + " (" +
                       conf::shown(entry.owner) + ") " +
                       expiry_text(entry.date.not_after_s, unix_s, entry.whom));
  }
  if (omitted != 0) {
    log_queue_.log(
        worker::log::Severity::warning,
        std::to_string(omitted) + " more certificates expire or have expired; see their listeners");
  }
  plan(now_ms, unix_s);
}

void CertificateWatch::plan(std::uint64_t now_ms, std::int64_t unix_s) {
  if (entries_.empty()) {
    due_ms_ = kNever;
    return;
  }
  std::int64_t wait_s = kLookS;
  for (const Entry& entry : entries_) {
    const bool is_due = expiry_at(entry.date.not_after_s, unix_s) > entry.told;
    wait_s = std::min(wait_s, is_due ? 0 : until_next_stage(entry.date.not_after_s, unix_s));
  }
  due_ms_ = now_ms + static_cast<std::uint64_t>(wait_s) * 1000;
}

}  // namespace master
