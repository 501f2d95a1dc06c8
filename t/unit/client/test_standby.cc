// Connections of a worker whose machine goes on standby: client_set.h, context.h.
#include <doctest/doctest.h>

#include <string>

#include "t/unit/client/harness.h"

using namespace client_test;
using worker::client::ClientSet;
using worker::client::kStandbyMs;

TEST_CASE("standby: idle clients get a moment for one more request, and the worker goes on") {
  ClientWorld in;
  Peer& idle = in.connect();
  idle.sends(kGet);
  in.answer();
  REQUIRE(in.until_received(idle, kOkHere));
  Peer& silent = in.connect();
  in.turn();
  in.world.segment.standby().begin(0, 1000);
  CHECK(in.clients.mode() == ClientSet::Mode::standby);
  CHECK_FALSE(in.clients.is_draining());
  in.clients.obey_standby();
  CHECK(in.clients.size() == 2);
  idle.sends(kGet);
  in.answer(kOk, 2);
  CHECK(in.until_end(idle));
  CHECK(idle.received == kOkHere + kOkAndClose);
  in.world.expire(kStandbyMs);
  CHECK(in.until_end(silent));
  CHECK(in.clients.size() == 0);
}

TEST_CASE("standby: newcomers have their usual time, and their response is the last one") {
  ClientWorld in;
  in.world.segment.standby().begin(0, 1000);
  in.clients.obey_standby();
  Peer& newcomer = in.connect();
  in.turn();
  in.clients.obey_standby();
  in.world.expire(kStandbyMs);
  CHECK(in.clients.size() == 1);
  newcomer.sends(kGet);
  in.answer();
  CHECK(in.until_end(newcomer));
  CHECK(newcomer.received == kOkAndClose);
}

TEST_CASE("standby: after its end connections are kept again") {
  ClientWorld in;
  shm::Standby& standby = in.world.segment.standby();
  standby.begin(0, 1000);
  in.clients.obey_standby();
  standby.end();
  in.clients.obey_standby();
  CHECK(in.clients.mode() == ClientSet::Mode::serving);
  Peer& client = in.connect();
  client.sends(kGet);
  in.answer();
  REQUIRE(in.until_received(client, kOkHere));
  in.world.expire(kStandbyMs);
  CHECK(in.clients.size() == 1);
  standby.begin(0, 1000);
  in.clients.obey_standby();
  in.world.expire(kStandbyMs);
  CHECK(in.until_end(client));
}

TEST_CASE("standby: a worker that drains does so as without it") {
  ClientWorld in;
  in.world.segment.standby().begin(0, 1000);
  in.clients.drain(ClientSet::Mode::draining);
  CHECK(in.clients.mode() == ClientSet::Mode::draining);
  CHECK(in.clients.is_draining());
}
