// Backends of one worker without its process, and scripted servers for them.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "t/unit/transaction/fake_backend.h"
#include "worker/backend/backend.h"
#include "worker/log/log.h"
#include "worker/net/wake.h"

namespace backend_test {

using transaction_test::FakeBackend;
using Mode = transaction_test::FakeBackend::Mode;

struct House {
  explicit House(const std::vector<Mode>& modes = {Mode::listening}) {
    for (const Mode mode : modes) fakes.push_back(std::make_unique<FakeBackend>(mode));
    config.resize(modes.size());
    heritages.resize(modes.size());
    for (std::size_t i = 0; i < modes.size(); ++i) {
      config[i].name = "b" + std::to_string(i + 1);
      config[i].address = "127.0.0.1";
      config[i].port = fakes[i]->port();
      heritages[i].addresses = {fakes[i]->address()};
      heritages[i].id = i + 1;
      heritages[i].row = *segment.backends().enroll(i + 1, 8, 0);
      heritages[i].published = &segment.backend_addresses();
      backends.add(std::make_unique<worker::backend::Backend>(
          config[i], heritages[i], loop, deadlines, queues,
          segment.backends().slots(heritages[i].row)));
    }
  }

  template <class Condition>
  bool until(Condition holds) {
    return net_test::await(loop, [&] {
      for (const auto& fake : fakes) fake->poll();
      return holds();
    });
  }
  // Does not turn the loop: what was disposed of is not destroyed meanwhile.
  template <class Condition>
  bool until_without_turn(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + net_test::kPatience;
    while (std::chrono::steady_clock::now() < end) {
      for (const auto& fake : fakes) fake->poll();
      if (holds()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  void turn(int turns = 3) {
    until([&] { return turns-- <= 0; });
  }

  // An established connection to the i-th server. Its user ignores all events.
  std::unique_ptr<worker::backend::UpstreamConnection> connect(std::size_t i = 0) {
    struct Nobody final : worker::backend::UpstreamUser {
      void on_upstream_event(worker::backend::UpstreamConnection&) override {}
      void on_upstream_deadline(worker::backend::UpstreamConnection&) override {}
    };
    static Nobody nobody;
    auto made = std::make_unique<worker::backend::UpstreamConnection>(loop);
    made->set_user(nobody);
    const std::size_t before = fakes[i]->connections();
    REQUIRE(made->connect(fakes[i]->address()) == 0);
    REQUIRE(until([&] { return made->connect_result() == 0; }));
    REQUIRE(until([&] { return fakes[i]->connections() == before + 1; }));
    turn();  // the events of its beginning
    return made;
  }

  // As the master does it when the name of the i-th backend has other addresses.
  void publish(std::size_t i, const std::vector<worker::net::SocketAddress>& addresses) {
    std::vector<shm::Address> packed;
    for (const worker::net::SocketAddress& one : addresses) {
      shm::Address& address = packed.emplace_back();
      address.size = one.size;
      std::memcpy(address.bytes.data(), &one.storage, one.size);
    }
    segment.backend_addresses().publish(heritages[i].row, heritages[i].id, packed);
  }

  std::vector<std::string> lines() {
    std::vector<std::string> all;
    int priority = 0;
    std::string text;
    while (reader.read(segment.log_ring(row), priority, text)) all.push_back(text);
    return all;
  }

  shm::Segment segment;
  shm::LogReader reader;
  worker::net::WakePair wake_pair = worker::net::make_wake_pair().value();
  std::vector<int> wake_fds{wake_pair.waker.get()};
  shm::Row row = segment.workers().take(0, 1).value();
  std::vector<std::unique_ptr<FakeBackend>> fakes;
  std::vector<conf::Backend> config;
  std::vector<worker::backend::BackendHeritage> heritages;
  worker::net::EventLoop loop;
  worker::net::DeadlineLists deadlines;
  worker::route::WaitQueues queues{loop, segment.workers(), segment.client_shares(),
                                   row,  wake_fds,          wake_pair.sleeper.get()};
  worker::log::Log log{segment.log_ring(row), wake_pair.waker.get(), segment.log_detail()};
  worker::backend::Backends backends;
};

}  // namespace backend_test
