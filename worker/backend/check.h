// The active checks of one backend, as one worker makes them.
//
//   idle ──► connecting ──► securing ──► exchanging ──► idle
//              │  ▲ next address            (none for `Check: tcp`)
//              └──┘
//
// A check is due once in a period for all workers; the first worker that sees it due claims it. It
// takes `Within` seconds at most and uses no slot. Owns its connection; Health judges its outcome.
// A failure of this machine, such as a lack of descriptors, ends a check without an outcome.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shm/backend_table.h"
#include "worker/backend/backend.h"
#include "worker/backend/check_reply.h"
#include "worker/backend/connection.h"
#include "worker/backend/health.h"
#include "worker/net/deadline.h"
#include "worker/net/outbox.h"

namespace worker::backend {

class Check final : public UpstreamUser {
 public:
  // `backend` has a `Check`. All arguments outlive it.
  Check(Backend& backend, shm::BackendTable& table, Health& health, net::EventLoop& loop,
        net::DeadlineLists& deadlines);
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  void tick(std::uint64_t now_ms);  // call it several times a second

  void on_upstream_event(UpstreamConnection& upstream) override;
  void on_upstream_deadline(UpstreamConnection&) override {}  // has none: see deadline_

 private:
  enum class Step : std::uint8_t { idle, connecting, securing, exchanging };

  void connect_next(shm::CheckOutcome last);
  void connect_failed(int error);
  void connected();
  void secure();
  void ask();
  void read();
  void on_timeout();
  void finish(shm::CheckOutcome outcome, std::string_view why = {});
  void end();
  void drop_upstream();
  bool has_own_port() const { return backend_.config.check->port != 0; }

  Backend& backend_;
  shm::BackendTable& table_;
  Health& health_;
  net::EventLoop& loop_;
  net::DeadlineList& within_;
  const std::uint64_t every_ms_;
  const std::string request_;
  Step step_ = Step::idle;
  AddressOrder addresses_;
  std::unique_ptr<UpstreamConnection> upstream_;
  net::Deadline deadline_;  // of the whole check
  net::Outbox outbox_;
  CheckReply reply_;
};

}  // namespace worker::backend
