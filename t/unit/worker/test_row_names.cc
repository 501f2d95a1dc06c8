#include <doctest/doctest.h>

#include "shm/status_objects.h"
#include "t/unit/master/heritage.h"

TEST_CASE("row_names: the later generation's name wins for a row of both") {
  worker::Heritage heritage = sample_heritage();
  heritage.listeners[0].row = 4;
  heritage.listeners[0].service_rows = {1, 3};
  heritage.backends[0].row = 2;
  heritage.backends[1].row = 0;
  heritage.backends[2].row = 1;
  shm::RowNames names;
  worker::add_names(names, heritage);
  CHECK(names.listeners.size() == 5);
  CHECK(names.listeners[4] == "127.0.0.1:0");
  CHECK(names.services == std::vector<std::string>{"", "127.0.0.1:0/1", "", "127.0.0.1:0/2"});
  REQUIRE(names.backends.size() == 3);
  CHECK(names.backends[1].name == "lost");
  CHECK(names.backends[1].address == "nowhere.invalid:80");
  CHECK(names.backends[1].weight == 8);
  CHECK(names.reasons[0] == "none");
  CHECK(names.reasons[1] == "bare_lf");

  worker::Heritage later = sample_heritage();
  later.listeners[0].service_rows = {3};
  worker::add_names(names, later);
  CHECK(names.services == std::vector<std::string>{"", "127.0.0.1:0/1", "", "127.0.0.1:0/1"});
}

TEST_CASE("row_names: the session store and its certificate are those of the last call") {
  worker::Heritage heritage = sample_heritage();
  conf::Config config = *heritage.config;
  config.global.session_store.emplace();
  config.global.session_store->servers = {{"a.test", {}}, {"::1", {}}};
  heritage.config = std::make_shared<const conf::Config>(config);
  heritage.store.certificates = std::make_shared<const worker::tls::CertificateDates>(
      worker::tls::CertificateDates{{"", "/client.pem", 5}});
  shm::RowNames names;
  worker::add_names(names, heritage);
  CHECK(names.store == "a.test:6379,[::1]:6379");
  REQUIRE(names.certificates.size() == 1);
  CHECK(names.certificates[0].owner == "store");
  CHECK(names.certificates[0].of == "a.test");
  CHECK(names.certificates[0].file == "/client.pem");
  worker::add_names(names, sample_heritage());
  CHECK(names.store == "");
}

TEST_CASE("row_names: of each listener the ten certificates that expire first, of the last call") {
  using worker::tls::CertificateDates;
  worker::Heritage heritage = sample_heritage();
  CertificateDates dates;
  for (std::int64_t i = 0; i < 12; ++i) dates.push_back({"a.test", "/a.pem", 100 + i});
  heritage.listeners[1].certificates = std::make_shared<const CertificateDates>(dates);
  heritage.backends[0].certificates =
      std::make_shared<const CertificateDates>(CertificateDates{{"", "/client.pem", 5}});
  shm::RowNames names;
  worker::add_names(names, heritage);
  worker::add_names(names, heritage);
  REQUIRE(names.certificates.size() == 11);
  CHECK(names.certificates[0].owner == "listener");
  CHECK(names.certificates[0].of == "127.0.0.1:0");
  CHECK(names.certificates[0].name == "a.test");
  CHECK(names.certificates[0].file == "/a.pem");
  CHECK(names.certificates[9].not_after_s == 109);
  CHECK(names.certificates[10].owner == "backend");
  CHECK(names.certificates[10].of == "twin");
  CHECK(names.certificates[10].file == "/client.pem");
}
