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

// The first byte of each address.
std::string read(const BackendAddresses& table, std::uint32_t index) {
  std::array<Address, shm::kMaxAddresses> found;
  std::string text;
  const std::size_t count = table.read(index, found);
  for (std::size_t i = 0; i < count; ++i) text += found[i].bytes[0];
  return text;
}

}  // namespace

TEST_CASE("backend addresses: a row is empty at first, then has what was published last") {
  Shared<BackendAddresses> table;
  CHECK(read(*table, 0).empty());
  const std::vector<Address> two{address('a', 16), address('b')};
  table->publish(0, two);
  table->publish(shm::kMaxBackends - 1, std::vector<Address>{address('z')});
  CHECK(read(*table, 0) == "ab");
  CHECK(read(*table, 1).empty());
  CHECK(read(*table, shm::kMaxBackends - 1) == "z");
  std::array<Address, shm::kMaxAddresses> found;
  REQUIRE(table->read(0, found) == 2);
  CHECK(found[0].size == 16);
  CHECK(found[1].size == 28);
  CHECK(found[1].bytes == two[1].bytes);
  table->publish(0, {});
  CHECK(read(*table, 0).empty());
}

TEST_CASE("backend addresses: a row holds 8, and a ninth is left out") {
  Shared<BackendAddresses> table;
  std::vector<Address> many;
  for (const char c : std::string("abcdefgh")) many.push_back(address(c));
  table->publish(3, many);
  CHECK(read(*table, 3) == "abcdefgh");
  many.push_back(address('i'));
  table->publish(3, many);
  CHECK(read(*table, 3) == "abcdefgh");
}

TEST_CASE("backend addresses: a reader in another process never sees half a change") {
  Shared<BackendAddresses> table;
  const std::vector<Address> first(8, address('x'));
  const std::vector<Address> second(5, address('y'));
  table->publish(0, first);
  const pid_t child = ::fork();
  if (child == 0) {
    bool seen_second = false;
    for (int i = 0; i < 200'000 || !seen_second; ++i) {
      std::array<Address, shm::kMaxAddresses> found;
      const std::size_t count = table->read(0, found);
      if (count == 0) continue;
      const char fill = count == 8 ? 'x' : 'y';
      if (count != 8 && count != 5) ::_exit(1);
      for (std::size_t k = 0; k < count; ++k) {
        if (found[k].size != 28) ::_exit(2);
        for (const char c : found[k].bytes) {
          if (c != fill) ::_exit(3);
        }
      }
      seen_second = seen_second || count == 5;
    }
    ::_exit(0);
  }
  int status = -1;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    table->publish(0, second);
    table->publish(0, first);
  }
  CHECK(status == 0);
}
