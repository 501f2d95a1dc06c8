// Responses by class and time.
#include <doctest/doctest.h>

#include <numeric>

#include "shm/response_cells.h"

using shm::response_class;
using shm::ResponseCells;
using shm::ResponseClass;
using shm::ResponseSums;

TEST_CASE("the class of a status") {
  CHECK(response_class(0) == ResponseClass::none);
  CHECK(response_class(99) == ResponseClass::none);
  CHECK(response_class(100) == ResponseClass::informational);
  CHECK(response_class(199) == ResponseClass::informational);
  CHECK(response_class(200) == ResponseClass::success);
  CHECK(response_class(304) == ResponseClass::redirection);
  CHECK(response_class(499) == ResponseClass::client_error);
  CHECK(response_class(500) == ResponseClass::server_error);
  CHECK(response_class(599) == ResponseClass::server_error);
  CHECK(response_class(600) == ResponseClass::server_error);
  CHECK(response_class(999) == ResponseClass::server_error);
}

TEST_CASE("a bucket includes its bound, and the last one has none") {
  for (std::size_t i = 0; i < shm::kTimeBounds.size(); ++i) {
    CAPTURE(i);
    ResponseCells cells;
    cells.count_time(shm::kTimeBounds[i]);
    cells.count_time(shm::kTimeBounds[i] + 1);
    CHECK(cells.by_time[i].load() == 1);
    CHECK(cells.by_time[i + 1].load() == 1);
    CHECK(cells.total_us.load() == 2 * shm::kTimeBounds[i] + 1);
  }
  ResponseCells cells;
  cells.count_time(0);
  CHECK(cells.by_time[0].load() == 1);
}

TEST_CASE("sums over processes, until the cells are cleared") {
  ResponseCells cells[2];
  cells[0].count(ResponseClass::success);
  cells[0].count(ResponseClass::none);
  cells[1].count(ResponseClass::success);
  cells[0].count_time(3'000);
  cells[1].count_time(90'000'000);
  ResponseSums sums;
  for (const ResponseCells& one : cells) sums.add(one);
  CHECK(sums.of(ResponseClass::success) == 2);
  CHECK(sums.of(ResponseClass::none) == 1);
  CHECK(sums.of(ResponseClass::client_error) == 0);
  CHECK(sums.by_time[2] == 1);
  CHECK(sums.by_time.back() == 1);
  CHECK(sums.total_us == 90'003'000);

  cells[0].clear();
  ResponseSums cleared;
  cleared.add(cells[0]);
  CHECK(cleared.by_class == ResponseSums().by_class);
  CHECK(cleared.by_time == ResponseSums().by_time);
  CHECK(cleared.total_us == 0);
}
