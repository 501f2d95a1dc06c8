// Ejections: the errors that lead to one, and its end.
#include "shm/ejections.h"

#include <doctest/doctest.h>

#include <memory>

using shm::Ejections;

namespace {

constexpr std::uint64_t kNow = 1'000'000;

struct Ejecting {
  std::unique_ptr<Ejections::CommonPart> common = std::make_unique<Ejections::CommonPart>();
  Ejections ejections{*common};
  bool error(std::uint64_t at_ms, unsigned most = 5) {
    return ejections.note_error(3, most, 10'000, kNow + at_ms);
  }
};

}  // namespace

TEST_CASE("ejections: five errors in any ten seconds") {
  Ejecting house;
  for (const std::uint64_t at : {0, 8000, 8500, 9000}) CHECK_FALSE(house.error(at));
  CHECK_FALSE(house.error(10'001));  // the first one is too old
  CHECK(house.error(10'002));
  CHECK(house.error(18'000));  // the one at 8 s is exactly ten seconds old
  CHECK_FALSE(house.error(22'000));
}

TEST_CASE("ejections: evenly spread errors count") {
  Ejecting house;
  for (const std::uint64_t at : {0, 2500, 5000, 7500}) CHECK_FALSE(house.error(at));
  CHECK(house.error(10'000));
}

TEST_CASE("ejections: from one error to a hundred") {
  Ejecting house;
  CHECK(house.error(0, 1));
  Ejecting other;
  for (int i = 0; i < 99; ++i) CHECK_FALSE(other.error(50, 100));
  CHECK(other.error(60, 100));
}

TEST_CASE("ejections: one caller ejects, and errors meanwhile do not count") {
  Ejecting house;
  for (int i = 0; i < 4; ++i) CHECK_FALSE(house.error(0));
  CHECK(house.error(0));
  CHECK(house.ejections.eject(3, 2000, kNow));
  CHECK_FALSE(house.ejections.eject(3, 2000, kNow));
  CHECK(house.ejections.until_ms(3) == kNow + 2000);
  CHECK(house.ejections.until_ms(2) == 0);
  CHECK_FALSE(house.error(1999));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(house.error(2000));
  CHECK(house.error(2001));
  CHECK(house.ejections.eject(3, 2000, kNow + 2001));
  house.ejections.restart(3);
  CHECK(house.ejections.until_ms(3) == 0);
  for (int i = 0; i < 4; ++i) CHECK_FALSE(house.error(2002));
}

TEST_CASE("ejections: mend") {
  Ejecting house;
  CHECK(house.ejections.mend(3, kNow) == 0);
  house.common->until_ms[3] = kNow + shm::kLongestEjectionMs;
  CHECK(house.ejections.mend(3, kNow) == 0);
  house.common->until_ms[3] = kNow + shm::kLongestEjectionMs + 1;
  CHECK(house.ejections.mend(3, kNow) == 1);
  CHECK(house.ejections.until_ms(3) == 0);
  house.error(5);
  house.error(6);
  CHECK(house.ejections.mend(3, kNow + 5) == 1);
}
