// When certificates expire, as plain data: for warnings, the status and metrics.
//
// Pure. Times are seconds since 1970 (UTC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace worker::tls {

// The stages of a certificate's last weeks. Each is worth one warning.
enum class Expiry : std::uint8_t { far, weeks, days, expired };

struct CertificateDate {
  std::string name;              // the first one that it is valid for; empty for none
  std::string path;              // of its file
  std::int64_t not_after_s = 0;  // the last second in which it is valid
  Expiry told = Expiry::far;     // what its load has warned of
};

using CertificateDates = std::vector<CertificateDate>;  // those that expire first come first

inline constexpr std::int64_t kExpiryWeeksS = 21 * std::int64_t{86'400};
inline constexpr std::int64_t kExpiryDaysS = 7 * std::int64_t{86'400};

Expiry expiry_at(std::int64_t not_after_s, std::int64_t now_s);
// The seconds until the next stage; at least 1. Of a certificate that has expired: INT64_MAX.
std::int64_t until_next_stage(std::int64_t not_after_s, std::int64_t now_s);

// To whom Pound shows a certificate.
enum class ShownTo : std::uint8_t { clients, backend };
// What becomes of a certificate that is not valid now: "clients will refuse it".
std::string_view refusal_text(ShownTo whom);

// "expires in 6 days (2026-12-05 17:02:11 UTC)", "has expired; clients will refuse it"; empty for
// Expiry::far.
std::string expiry_text(std::int64_t not_after_s, std::int64_t now_s, ShownTo whom);

}  // namespace worker::tls
