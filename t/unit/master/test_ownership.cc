#include <doctest/doctest.h>

#include "master/ownership.h"

namespace {

std::string judge(uid_t owner, mode_t mode, uid_t user) {
  struct stat found {};
  found.st_uid = owner;
  found.st_mode = mode;
  return master::why_not_ours(found, user);
}

}  // namespace

TEST_CASE("ownership: this user and root may own it") {
  CHECK(judge(0, 0755, 0).empty());
  CHECK(judge(0, 0755, 1000).empty());
  CHECK(judge(1000, 0755, 1000).empty());
  CHECK(judge(1000, 0755, 0) == "belongs to user 1000");
  CHECK(judge(1001, 0700, 1000) == "belongs to user 1001");
}

TEST_CASE("ownership: nobody else may write it, whatever else the mode says") {
  CHECK(judge(0, 0777, 0) == "can be written by everybody");
  CHECK(judge(0, 01777, 0) == "can be written by everybody");
  CHECK(judge(0, 0702, 0) == "can be written by everybody");
  CHECK(judge(0, 0775, 0) == "can be written by its group");
  CHECK(judge(0, 02720, 0) == "can be written by its group");
  CHECK(judge(0, 07755, 0).empty());
}
