// The clients that exceed limits most.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "shm/top_clients.h"

using shm::TopClient;
using shm::TopClients;
using Top = std::vector<TopClient>;

namespace {

struct Lists {
  std::unique_ptr<TopClients::RowPart[]> rows =
      std::make_unique<TopClients::RowPart[]>(shm::kMaxRows);
  TopClients::CommonPart bound;
  TopClients view{shm::PerRow<TopClients::RowPart>(&rows[0], sizeof rows[0]), bound};

  void count(shm::Row row, const std::string& client, unsigned times) {
    for (unsigned i = 0; i < times; ++i) view.count(row, client);
  }
};

}  // namespace

TEST_CASE("top_clients: nobody has exceeded a limit") { CHECK(Lists().view.merged(10).empty()); }

TEST_CASE("top_clients: the largest counts of all rows, largest first") {
  Lists lists;
  lists.count(0, "192.0.2.1", 3);
  lists.count(0, "2001:db8:1:2::/64", 5);
  lists.count(7, "192.0.2.1", 4);
  lists.count(7, "192.0.2.9", 1);
  CHECK(lists.view.merged(10) ==
        Top{{"192.0.2.1", 7, 0}, {"2001:db8:1:2::/64", 5, 0}, {"192.0.2.9", 1, 0}});
  CHECK(lists.view.merged(2) == Top{{"192.0.2.1", 7, 0}, {"2001:db8:1:2::/64", 5, 0}});
  CHECK(lists.view.merged(0).empty());
}

TEST_CASE("top_clients: a client more than there is room for takes the place of the smallest") {
  Lists lists;
  for (unsigned i = 0; i < TopClients::kEntries; ++i) {
    lists.count(0, "192.0.2." + std::to_string(i), i + 2);
  }
  CHECK(lists.view.merged(100).size() == TopClients::kEntries);
  CHECK(lists.view.merged(100).back() == TopClient{"192.0.2.0", 2, 0});
  lists.count(0, "198.51.100.1", 1);
  const Top all = lists.view.merged(100);
  CHECK(all.size() == TopClients::kEntries);
  CHECK(std::count(all.begin(), all.end(), TopClient{"198.51.100.1", 3, 2}) == 1);
  for (const TopClient& one : all) CHECK(one.client != "192.0.2.0");
}

TEST_CASE("top_clients: one client among thousands of others is found") {
  Lists lists;
  for (unsigned i = 0; i < 6'000; ++i) {
    lists.count(0, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1);
    if (i % 4 == 0) lists.count(0, "192.0.2.1", 1);
  }
  const TopClient first = lists.view.merged(1).at(0);
  CHECK(first.client == "192.0.2.1");
  CHECK(first.count >= 1500);
  CHECK(first.count - first.error <= 1500);
}

TEST_CASE("top_clients: a text is cut, and its bytes are those of addresses") {
  Lists lists;
  lists.view.count(0, std::string(100, 'a'));
  lists.view.count(0, "a=\"\n \x80g");
  CHECK(lists.view.merged(10) ==
        Top{{"a?????g", 1, 0}, {std::string(TopClients::kMaxClientText, 'a'), 1, 0}});
}

TEST_CASE("top_clients: an entry that changes is left out, until it is written again") {
  Lists lists;
  lists.count(0, "192.0.2.1", 1);
  lists.rows[0].entries[0].version.store(3);
  CHECK(lists.view.merged(10).empty());
  lists.count(0, "192.0.2.1", 1);
  CHECK(lists.view.merged(10) == Top{{"192.0.2.1", 2, 0}});
}

TEST_CASE("top_clients: impossible counts are bounded") {
  Lists lists;
  for (shm::Row row = 0; row < 3; ++row) {
    lists.count(row, "192.0.2.1", 1);
    lists.rows[row].entries[0].count.store(~std::uint64_t{0});
    lists.rows[row].entries[0].error.store(~std::uint64_t{0});
  }
  CHECK(lists.view.merged(10) ==
        Top{{"192.0.2.1", std::uint64_t{3} << 56, std::uint64_t{3} << 56}});
}
