// One request and its response.
//
//  sanitize ─► route ─► admit ─► pick_backend ─► connect ─► send_head ─► relay ─► finish
//     │ refused  │ none    │ full    │ full │ none   │ failed   │          │ 101
//     ▼          ▼         ▼         ▼      ▼        ▼          │          ▼
//    4xx       404,3xx   waits     waits   503   mark dead,     │        tunnel ─► finish
//                               at most TimeOut  pick again ◄───┘
//                                                unless something was sent
//
// Each box is a function that returns whether to go on with the next step or to wait for an event;
// run() calls them. Up to `route` a transaction uses the parsed head in the worker's scratch;
// from there on only what it has copied. Whatever happens, it ends in `finish`, which writes the
// access record and hands the client back. A failure before the response head becomes an error
// page, after it a close.
//
// Owns the upstream connection while it uses one, and its slots (`Threads`) of the listener and of
// the backend until the backend has answered in full. Used again for later requests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shm/backend_table.h"
#include "worker/backend/connection.h"
#include "worker/client/connection.h"
#include "worker/http/answer.h"
#include "worker/http/sanitizer.h"
#include "worker/log/access_log.h"
#include "worker/route/wait_queue.h"
#include "worker/transaction/pump.h"
#include "worker/worker_context.h"

namespace worker::transaction {

class Transaction final : public net::Disposable, public backend::UpstreamUser {
 public:
  explicit Transaction(WorkerContext& worker);
  ~Transaction() override;

  // Begins with the head in the worker's scratch, and with the bytes that were read behind it.
  void start(client::ClientConnection& client, char* rest, std::size_t rest_size);
  // Answers a head that could not be parsed, or that did not come in time.
  void start_refused(client::ClientConnection& client, const http::Refusal& refusal);
  void start_too_late(client::ClientConnection& client);

  // Ends it now, whatever it is at. `reason` is a literal, for the access record.
  void cut_off(std::string_view reason);

  void on_client_event();
  void on_client_deadline();
  void on_upstream_event(backend::UpstreamConnection& upstream) override;
  void on_upstream_deadline(backend::UpstreamConnection& upstream) override;

 private:
  enum class Step : std::uint8_t {
    sanitize,
    route,
    admit,
    pick_backend,
    connect,
    send_head,
    relay,
    tunnel,
    finish,
  };
  static constexpr shm::Activity activity_of(Step step) {
    constexpr auto kFirst = static_cast<std::uint8_t>(shm::Activity::sanitize);
    static_assert(kFirst + static_cast<std::uint8_t>(Step::finish) ==
                  static_cast<std::uint8_t>(shm::Activity::finish));
    return static_cast<shm::Activity>(kFirst + static_cast<std::uint8_t>(step));
  }
  // What a step or a part of one tells run(): call the step that is now due; wait for an event; or,
  // from finish alone, that the transaction is no more to be touched.
  enum class Flow : std::uint8_t { next, wait, ended };
  using StepFunction = Flow (Transaction::*)();
  static const StepFunction kSteps[];

  void reset(client::ClientConnection& client);
  void begin_record();
  void run();
  Flow go(Step step) {
    step_ = step;
    return Flow::next;
  }

  // transaction.cc: from the head to a slot of a backend, and the end
  Flow sanitize();
  Flow route();
  Flow admit();
  Flow pick_backend();
  Flow finish();
  void on_listener_slot();
  void on_backend_slot();
  void on_restless();
  void on_wait_deadline();
  // Makes the service's backend at `place` the one of this request.
  void take_backend(std::size_t place);
  std::optional<std::size_t> choose_backend();
  Flow give_up_on_client(std::string_view reason);
  void release_backend_slot();
  void release_slots();

  // transaction_answer.cc: the responses that we make ourselves
  Flow refuse(const http::Refusal& refusal, std::string_view excerpt);
  Flow refuse_head(const http::Refusal& refusal);
  // Counts it, and at detail 1 tells who wants to know why.
  void note_refusal(std::string_view whose, const http::Refusal& refusal, std::string_view excerpt);
  Flow fail(int status, std::string_view reason);
  Flow redirect(const conf::Redirect& redirect);
  bool is_misdirected() const;
  // Settles what becomes of the client's connection after the response. Returns whether it is kept,
  // which the response has to say; `is_framed`: the client can tell where it ends.
  bool settle_client(bool is_framed);
  Flow send_answer(const http::Answer& answer);

  // transaction_upstream.cc: the backend's connection and its response head
  Flow connect();
  Flow connect_next_address(int last_error);
  Flow backend_failed(int error);
  void mark_dead(shm::DeadReason reason, std::string_view why);
  // The same, for one that took the request but said nothing, to nobody, since then.
  void mark_dead_if_silent(shm::DeadReason reason, std::string_view why);
  void note_heard();  // bytes came from the backend
  void note_response_time();
  Flow send_head();
  Flow upstream_ended(const tls::IoResult& result);
  Flow take_response(char* data, std::size_t size);
  Flow refuse_response(const http::Refusal& refusal, std::string_view excerpt);
  Flow begin_response(char* rest, std::size_t size);
  Flow pass_body(std::string_view head, char* data, std::size_t size);
  void upstream_done(bool has_excess);
  void drop_upstream();

  // transaction_relay.cc: bodies both ways
  Flow relay();
  Flow pump_request();
  Flow pump_response();
  Flow begin_tunnel(char* rest, std::size_t size);
  Flow tunnel();
  void want_client_write(bool wanted);

  // transaction_pace.cc: how long and how slowly
  void arm_deadlines();
  std::int64_t client_moved() const;
  void begin_span(std::uint64_t now);
  void on_pace_deadline();
  void client_failed(std::string_view reason);

  WorkerContext& worker_;
  client::ClientConnection* client_ = nullptr;
  Step step_ = Step::finish;

  char* rest_ = nullptr;  // behind the head, in the worker's buffer; until `route`
  std::size_t rest_size_ = 0;

  http::RequestFacts facts_;  // its views are cut off once the head is gone, but for `upgrade`
  std::string upgrade_;
  std::string request_head_;  // as it goes to the backend
  ServiceRuntime* service_ = nullptr;
  BackendRuntime* backend_ = nullptr;
  std::size_t place_ = 0;     // of the backend in the service
  std::size_t attempts_ = 0;  // backends that this request has found dead
  std::optional<shm::SessionKey> session_;
  bool is_bound_ = false;  // to this backend, by its session

  route::Waiter listener_waiter_;
  route::Waiter backend_waiter_;
  net::Deadline wait_deadline_;
  bool in_listener_ = false;  // holds a slot
  bool in_backend_ = false;

  std::unique_ptr<backend::UpstreamConnection> upstream_;
  std::size_t next_address_ = 0;
  std::uint64_t sent_ms_ = 0;  // when the request went out
  std::uint64_t sent_us_ = 0;  // the same, to measure by
  bool fresh_only_ = false;    // a pooled connection was stale

  Pump request_;
  Pump response_;
  net::FdEvent client_write_;
  net::Deadline pace_deadline_;     // of a span over which the client's bytes are counted
  std::int64_t span_moved_ = 0;     // client_moved() when it began
  std::size_t backend_unsent_ = 0;  // of the request, when the backend's deadline was set
  std::int64_t moved_ = 0;          // client_moved() when the client's deadline was set
  http::ResponseFacts response_facts_;
  bool response_begun_ = false;  // the final head, or a page of ours, is on its way to the client
  bool heard_upstream_ = false;  // bytes came on this upstream connection
  std::size_t interims_ = 0;     // 1xx that the backend has sent for this request
  bool request_shut_ = false;    // tunnel: our end of stream was sent to the backend
  bool response_shut_ = false;   // tunnel: likewise to the client
  client::ClientConnection::After after_ = client::ClientConnection::After::close;

  log::AccessRecord record_;
};

}  // namespace worker::transaction
