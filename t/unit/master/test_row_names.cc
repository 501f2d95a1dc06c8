#include <doctest/doctest.h>

#include "master/row_names.h"
#include "t/unit/master/heritage.h"

TEST_CASE("row_names: the later generation's name wins for a row of both") {
  worker::Heritage heritage = sample_heritage();
  heritage.listeners[0].row = 4;
  heritage.listeners[0].service_rows = {1, 3};
  heritage.backends[0].row = 2;
  heritage.backends[1].row = 0;
  heritage.backends[2].row = 1;
  shm::RowNames names;
  master::add_names(names, heritage);
  CHECK(names.listeners.size() == 5);
  CHECK(names.listeners[4] == "127.0.0.1:0");
  CHECK(names.services == std::vector<std::string>{"", "127.0.0.1:0/1", "", "127.0.0.1:0/2"});
  REQUIRE(names.backends.size() == 3);
  CHECK(names.backends[1].name == "lost");
  CHECK(names.backends[1].address == "nowhere.invalid:80");
  CHECK(names.reasons[0] == "none");
  CHECK(names.reasons[1] == "bare_lf");

  worker::Heritage later = sample_heritage();
  later.listeners[0].service_rows = {3};
  master::add_names(names, later);
  CHECK(names.services == std::vector<std::string>{"", "127.0.0.1:0/1", "", "127.0.0.1:0/1"});
}
