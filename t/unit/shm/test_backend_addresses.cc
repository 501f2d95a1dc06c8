// Addresses that the master publishes and workers read.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "shm/backend_addresses.h"
#include "t/unit/shm/children.h"

using children::Shared;
using shm::Address;
using shm::BackendAddresses;

namespace {

Address address(char fill, std::uint32_t size = 28) {
  Address made;
  made.size = size;
  made.bytes.fill(fill);
  return made;
}

constexpr shm::BackendId kId = 7;

// The first byte of each address.
std::string read(const BackendAddresses& table, std::uint32_t index) {
  std::array<Address, shm::kMaxAddresses> found;
  std::string text;
  const auto list = table.read(index, found);
  for (std::size_t i = 0; list && i < list->count; ++i) text += found[i].bytes[0];
  return text;
}

}  // namespace

TEST_CASE("backend addresses: a row is empty at first, then has what was published last") {
  Shared<BackendAddresses> table;
  CHECK(read(*table, 0).empty());
  CHECK(table->version(0) == 0);
  const std::vector<Address> two{address('a', 16), address('b')};
  table->publish(0, kId, two);
  table->publish(shm::kMaxBackends - 1, kId, std::vector<Address>{address('z')});
  CHECK(read(*table, 0) == "ab");
  CHECK(read(*table, 1).empty());
  CHECK(read(*table, shm::kMaxBackends - 1) == "z");
  std::array<Address, shm::kMaxAddresses> found;
  const auto list = table->read(0, found);
  REQUIRE(list);
  CHECK(list->count == 2);
  CHECK(list->id == kId);
  CHECK(list->version == table->version(0));
  CHECK(found[0].size == 16);
  CHECK(found[1].size == 28);
  CHECK(found[1].bytes == two[1].bytes);
  table->publish(0, kId + 1, {});
  CHECK(read(*table, 0).empty());
  CHECK(table->read(0, found)->id == kId + 1);
  CHECK(table->version(0) != list->version);
  CHECK(table->version(1) == 0);
}

TEST_CASE("backend addresses: a row holds 32, and the next one is left out") {
  Shared<BackendAddresses> table;
  const std::string most = "abcdefghijklmnopqrstuvwxyzABCDEF";
  std::vector<Address> many;
  for (const char c : most) many.push_back(address(c));
  table->publish(3, kId, many);
  CHECK(read(*table, 3) == most);
  many.push_back(address('G'));
  table->publish(3, kId, many);
  CHECK(read(*table, 3) == most);
}

TEST_CASE("backend addresses: a reader in another process never sees half a change") {
  Shared<BackendAddresses> table;
  const std::vector<Address> first(8, address('x'));
  const std::vector<Address> second(5, address('y'));
  table->publish(0, 8, first);
  const pid_t child = ::fork();
  if (child == 0) {
    bool seen_second = false;
    for (int i = 0; i < 200'000 || !seen_second; ++i) {
      std::array<Address, shm::kMaxAddresses> found;
      const auto list = table->read(0, found);
      if (!list) continue;
      const char fill = list->count == 8 ? 'x' : 'y';
      if (list->count != 8 && list->count != 5) ::_exit(1);
      if (list->id != list->count) ::_exit(4);
      for (std::size_t k = 0; k < list->count; ++k) {
        if (found[k].size != 28) ::_exit(2);
        for (const char c : found[k].bytes) {
          if (c != fill) ::_exit(3);
        }
      }
      seen_second = seen_second || list->count == 5;
    }
    ::_exit(0);
  }
  int status = -1;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    table->publish(0, 5, second);
    table->publish(0, 8, first);
  }
  CHECK(status == 0);
}
