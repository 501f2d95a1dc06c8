#include <doctest/doctest.h>

#include "master/certificate_watch.h"
#include "t/unit/master/heritage.h"

using master::kCertificateLines;
using worker::tls::CertificateDates;
using worker::tls::Expiry;

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kStart = 1'767'225'600;  // 2026-01-01 00:00:00 UTC

class FakeSink : public master::LogSink {
 public:
  explicit FakeSink(std::vector<std::string>& lines) : lines_(lines) {}

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    CHECK(priority == 4);
    lines_.push_back(std::string(text));
    return Sent::yes;
  }

 private:
  std::vector<std::string>& lines_;
};

struct Fixture {
  Fixture() {
    log_queue.end_startup();
    generation.heritage = sample_heritage();
  }
  void show(CertificateDates dates) {
    generation.heritage.listeners[1].certificates =
        std::make_shared<const CertificateDates>(std::move(dates));
  }
  void restart(std::int64_t unix_s) {
    watch.restart(generation, 5000, unix_s);
    at_s = unix_s;
  }
  // What the turn at `unix_s` says; the monotonic clock goes along.
  std::vector<std::string> said(std::int64_t unix_s) {
    lines.clear();
    watch.turn(now_ms(unix_s), unix_s);
    return lines;
  }
  std::uint64_t now_ms(std::int64_t unix_s) const {
    return 5000 + static_cast<std::uint64_t>(unix_s - at_s) * 1000;
  }

  std::vector<std::string> lines;
  master::LogQueue log_queue{std::make_unique<FakeSink>(lines), 0};
  master::Generation generation;
  master::CertificateWatch watch{log_queue};
  std::int64_t at_s = 0;
};

}  // namespace

TEST_CASE("certificate watch: without certificates it is never due") {
  Fixture f;
  f.restart(kStart);
  CHECK(f.watch.due_ms() == master::kNever);
}

TEST_CASE("certificate watch: the certificate for the session store") {
  Fixture f;
  conf::Config config = *f.generation.heritage.config;
  config.global.session_store.emplace();
  config.global.session_store->servers = {{"store.test", {}}};
  f.generation.heritage.config = std::make_shared<const conf::Config>(config);
  f.generation.heritage.store.certificates = std::make_shared<const CertificateDates>(
      CertificateDates{{"", "/etc/c.pem", kStart + 7 * kDay + 60, Expiry::weeks}});
  f.restart(kStart);
  CHECK(f.said(kStart + 60) ==
        std::vector<std::string>{"the certificate `/etc/c.pem` (session store store.test) expires "
                                 "in 7 days (2026-01-08 00:01:00 UTC)"});
}

TEST_CASE("certificate watch: three warnings, each once and in its second") {
  Fixture f;
  f.show({{"www.example.com", "/etc/a.pem", kStart + 21 * kDay + 60, Expiry::far}});
  f.restart(kStart);
  CHECK(f.watch.due_ms() == 5000 + 60'000);
  CHECK(f.said(kStart + 59).empty());
  CHECK(f.said(kStart + 60) ==
        std::vector<std::string>{
            "the certificate `/etc/a.pem` for www.example.com (listener 127.0.0.1:0) expires in 21 "
            "days (2026-01-22 00:01:00 UTC)"});
  CHECK(f.watch.due_ms() == f.now_ms(kStart + 60) + master::kCertificateLookMs);
  CHECK(f.said(kStart + 61).empty());
  CHECK(f.said(kStart + 14 * kDay + 60) ==
        std::vector<std::string>{
            "the certificate `/etc/a.pem` for www.example.com (listener 127.0.0.1:0) expires in 7 "
            "days (2026-01-22 00:01:00 UTC)"});
  CHECK(f.said(kStart + 21 * kDay + 60).empty());
  CHECK(f.watch.due_ms() == f.now_ms(kStart + 21 * kDay + 61));
  CHECK(f.said(kStart + 21 * kDay + 61) ==
        std::vector<std::string>{"the certificate `/etc/a.pem` for www.example.com (listener "
                                 "127.0.0.1:0) has expired; clients will refuse it"});
  CHECK(f.said(kStart + 99 * kDay).empty());
  CHECK(f.watch.due_ms() == f.now_ms(kStart + 99 * kDay) + master::kCertificateLookMs);
}

TEST_CASE(
    "certificate watch: what the load has told is not repeated, what fell due since is told") {
  Fixture f;
  f.show({{"", "/a.pem", kStart + kDay, Expiry::days},
          {"", "/b.pem", kStart + 7 * kDay, Expiry::weeks}});
  f.restart(kStart);
  CHECK(f.watch.due_ms() == 5000);
  CHECK(f.said(kStart) ==
        std::vector<std::string>{"the certificate `/b.pem` (listener 127.0.0.1:0) "
                                 "expires in 7 days (2026-01-08 00:00:00 UTC)"});
}

TEST_CASE("certificate watch: after a jump of the clock only the last stage is told") {
  Fixture f;
  f.show({{"", "/a.pem", kStart + 30 * kDay, Expiry::far}});
  f.restart(kStart);
  CHECK(f.said(kStart + 40 * kDay).size() == 1);
  CHECK(f.said(kStart).empty());
  CHECK(f.said(kStart + 25 * kDay).empty());
}

TEST_CASE(
    "certificate watch: a certificate of several listeners is told once, one of a backend too") {
  Fixture f;
  const CertificateDates dates{{"a", "/a\n.pem", kStart, Expiry::far}};
  f.show(dates);
  f.generation.heritage.listeners[0].certificates = std::make_shared<const CertificateDates>(dates);
  f.generation.heritage.backends[2].certificates = std::make_shared<const CertificateDates>(
      CertificateDates{{"pound", "/client.pem", kStart, Expiry::far}});
  f.restart(kStart + 1);
  CHECK(f.said(kStart + 1) ==
        std::vector<std::string>{
            "the certificate `/a\\x0a.pem` for a (listener 127.0.0.1:0) has expired; clients will "
            "refuse it",
            "the certificate `/client.pem` for pound (backend lost) has expired; the backend will "
            "refuse it"});
}

TEST_CASE("certificate watch: many that fall due together are counted") {
  Fixture f;
  CertificateDates dates;
  for (unsigned i = 0; i < kCertificateLines + 1990; ++i) {
    dates.push_back({"", "/" + std::to_string(i), kStart, Expiry::far});
  }
  f.show(std::move(dates));
  f.restart(kStart);
  const auto lines = f.said(kStart + 1);
  REQUIRE(lines.size() == kCertificateLines + 1);
  CHECK(lines.back() == "1990 more certificates expire or have expired; see their listeners");
  CHECK(f.said(kStart + 2).empty());
}
