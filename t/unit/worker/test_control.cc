#include <doctest/doctest.h>

#include "worker/control.h"

using worker::Order;
using worker::to_order;

TEST_CASE("control: the bytes on the socket are these") {
  CHECK(static_cast<char>(Order::go) == 'G');
  CHECK(static_cast<char>(Order::drain) == 'D');
  CHECK(static_cast<char>(Order::quit) == 'Q');
  CHECK(static_cast<char>(worker::Report::ready) == 'R');
  CHECK(static_cast<char>(worker::Report::stopped_accepting) == 'N');
}

TEST_CASE("control: a worker takes every byte that it does not know as quit") {
  for (int byte = 0; byte < 256; ++byte) {
    const char said = static_cast<char>(byte);
    CAPTURE(byte);
    CHECK(to_order(said) == (said == 'G' ? Order::go : said == 'D' ? Order::drain : Order::quit));
  }
}
