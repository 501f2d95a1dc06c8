// Warns in the log while certificates grow old: 21 days before one expires, 7 days before, and when
// it has expired; each once.
//
// The load of a configuration has warned of what was due then, and is not repeated. Never reads a
// file: a certificate that was renewed on disk counts after a reload. Goes by the wall clock, which
// may jump, so it looks again at least every hour.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "master/clock.h"
#include "master/generation.h"
#include "master/log_queue.h"
#include "worker/tls/expiry.h"

namespace master {

inline constexpr std::uint64_t kCertificateLookMs = 3600 * std::uint64_t{1000};
inline constexpr unsigned kCertificateLines = 10;  // of one turn; one more line counts the others

class CertificateWatch {
 public:
  explicit CertificateWatch(LogQueue& log_queue) : log_queue_(log_queue) {}

  // A generation has become active. `unix_s`: the wall clock's time.
  void restart(const Generation& active, std::uint64_t now_ms, std::int64_t unix_s);
  void turn(std::uint64_t now_ms, std::int64_t unix_s);
  std::uint64_t due_ms() const { return due_ms_; }

 private:
  struct Entry {
    std::string owner;  // "listener 192.0.2.1:443" or "backend web"
    worker::tls::ShownTo whom = worker::tls::ShownTo::clients;
    worker::tls::CertificateDate date;
    worker::tls::Expiry told = worker::tls::Expiry::far;
  };

  void add(const std::string& owner, worker::tls::ShownTo whom,
           const worker::tls::CertificateDates* dates);
  void plan(std::uint64_t now_ms, std::int64_t unix_s);

  LogQueue& log_queue_;
  std::vector<Entry> entries_;  // those that expire first come first; each file's certificate once
  std::uint64_t due_ms_ = kNever;
};

}  // namespace master
