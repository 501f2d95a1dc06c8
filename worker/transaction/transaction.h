// One request and its response.
//
// clang-format off
//  sanitize ─► route ─► permit ─► authenticate ─► collect ─► recall ─► admit ─► pick_backend ─► …
//     │ refused  │ none    │ no         │ no                             │ full      │ full, none
//     ▼          ▼         ▼            ▼                                ▼           ▼
//    4xx        404    403,429,3xx   401,429,503                    waits, 503   waits, 503
//
//  … claim ─► connect ─► secure ─► send_head ─► relay ─► finish
//                │ failed   │ failed   │           │ 101     ▲
//                ▼          ▼          ▼           └► tunnel ┘
//           pick again   pick again, 502  pick again, unless something was sent
// clang-format on
//
// A service with Serve or Respond has no backend: from permit or authenticate its requests go to
// serve, which answers, or begins a document of Pound's own whose rest relay sends.
//
// A request holds slots only while a backend works for it. `collect` takes its body, up to
// `Buffer`, before it asks for a slot; of the response as much is taken off the backend ahead of a
// slow client. Tunnels and event streams give the slots back when they begin, and count as streams
// instead.
//
// Each box is a function that says whether to go on with the next step or to wait for an event;
// run() calls them. Up to `permit` a transaction uses the parsed head of its caller; from there on
// only what it has copied. Every path ends in `finish`, which writes the access record and ends the
// exchange. A failure before the response head becomes an error page; a failure after it truncates.
//
// Owns the backend's connection while it uses one, the slots that the request holds, and every
// deadline of the request. Knows nothing of the client's protocol: see exchange.h. Used again for
// later requests of any client; what belongs to one request is `now_`, which start() resets whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/auth/checks.h"
#include "worker/backend/connection.h"
#include "worker/http/body_reader.h"
#include "worker/http/content_coding.h"
#include "worker/http/request_head.h"
#include "worker/http/sanitizer.h"
#include "worker/net/outbox.h"
#include "worker/route/edits.h"
#include "worker/route/listener.h"
#include "worker/route/template.h"
#include "worker/serve/document.h"
#include "worker/store/session_store.h"
#include "worker/transaction/admission.h"
#include "worker/transaction/compression.h"
#include "worker/transaction/context.h"
#include "worker/transaction/exchange.h"
#include "worker/transaction/pace.h"
#include "worker/transaction/tried_backends.h"
#include "worker/transaction/tunnel.h"

namespace worker::transaction {

class Transaction final : public ExchangeUser,
                          public backend::UpstreamUser,
                          private AdmissionUser,
                          private PaceUser,
                          private auth::WaiterUser,
                          private store::QuestionUser {
 public:
  Transaction(Context& context, Exchange& client);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void start(const RequestStart& start);
  // Answers a head that could not be parsed, or that did not come in time.
  void start_refused(const RequestStart& start, const http::Refusal& refusal);
  void start_too_late(const RequestStart& start);
  // Ends it now, whatever it is doing. `reason` is a literal, for the access record.
  void cut_off(std::string_view reason);

  void on_client_readable() override;
  void on_client_writable() override { run(); }
  void on_upstream_event(backend::UpstreamConnection& upstream) override;
  void on_upstream_deadline(backend::UpstreamConnection& upstream) override;

 private:
  enum class Step : std::uint8_t {
    sanitize,
    route,
    permit,
    authenticate,
    serve,
    collect,
    recall,
    admit,
    pick_backend,
    claim,
    connect,
    secure,
    send_head,
    relay,
    tunnel,
    finish,
  };
  // What a step or a part of one tells run(): call the step that is now due; wait for an event; or,
  // from finish alone, do not touch the transaction again.
  enum class Flow : std::uint8_t { next, wait, ended };
  using StepFunction = Flow (Transaction::*)();
  static const StepFunction kSteps[];
  static constexpr shm::Activity activity_of(Step step);

  // The state of one request.
  struct Request {
    Step step = Step::sanitize;
    bool peer_is_trusted = false;
    std::uint16_t peer_port = 0;
    std::string_view peer_ip;    // the other end of the connection
    std::string_view client_ip;  // the peer, or the client that a trusted peer speaks for
    route::Listener* listener = nullptr;
    std::string_view
        asked_host;  // the host that the client has asked for; until `permit` has returned
    const ssl_st* tls = nullptr;
    const http::RequestHead* head = nullptr;  // until `permit` has returned
    http::RequestFacts facts;                 // its views end with the head, but for `upgrade`

    route::Service* service = nullptr;
    backend::Backend* backend = nullptr;
    std::optional<std::size_t> backend_index;  // in the service; nothing: it is of `Emergency`
    std::size_t failures = 0;                  // backends that this request has found dead
    std::optional<shm::SessionKey> session;
    route::SharedKeys shared;  // of the session, in the store; none if there is no store
    bool is_in_store = false;  // the store has something for the session
    // What the store has. The table may have no room for it.
    std::optional<route::SessionAffinity::Session> recalled;
    bool is_bound_anew = false;           // to `backend_index`, but the table does not know it yet
    std::optional<std::size_t> replaced;  // the backend that the session has in the table then
    std::optional<route::InsertedCookie::Named> named;  // what its INSERT cookie says
    std::uint64_t hash_key = 0;                         // for a service that balances by hash
    // What the session table says, if it was asked before the choice of a backend.
    std::optional<std::optional<std::size_t>> bound;
    TriedBackends tried;         // they had it, and another one is to serve instead
    bool is_https = false;       // between the client and the first proxy
    bool may_repeat = false;     // its method may be done twice: see Retry
    bool is_sticky = false;      // its session binds it to this backend
    bool no_pool = false;        // a pooled connection was stale
    bool heard_backend = false;  // bytes came on this connection to the backend

    backend::AddressOrder addresses;  // of the backend
    std::uint64_t begun_us = 0;       // when its head was here
    std::uint64_t sent_ms = 0;        // when the request went out
    std::uint64_t sent_us = 0;        // the same, to measure by
    std::size_t backend_unsent = 0;   // of the request, when the backend's deadline was set

    http::ResponseFacts response_facts;
    std::size_t destination_at = 0;  // of the scheme in the head; 0: it does not change
    std::size_t interims = 0;        // 1xx that the backend has sent
    bool response_begun = false;     // the final head, or our own answer, is on its way
    bool is_stream = false;          // a tunnel or an event stream, which `MaxStreams` counts
    bool is_end_counted = false;     // see count_end()
    bool is_reason_counted = false;
    Exchange::End end = Exchange::End::whole;
    std::uint64_t request_bytes = 0;   // of the body that the client has sent
    std::uint64_t response_bytes = 0;  // of the body that was sent to the client
    std::uint64_t reserved = 0;        // bytes of the worker's buffer memory
    // Where the service compresses: the coding that the client likes best, what else the request
    // says, and how much of the response to read in a turn of the loop (0: no limit but the usual).
    const conf::Compress::Offer* coding = nullptr;
    http::CodingTerms coding_terms;
    std::size_t turn_bytes = 0;
    std::optional<Tunnel> tunnel;
    std::optional<serve::Document> document;  // what to answer, where the service has Serve
  };

  void reset(const RequestStart& start);
  void count_begin(const RequestStart& start, bool is_parsed);
  void count_end();
  void count_reason();
  // record.cc: what the access log says of the request, and its id
  void begin_record(const RequestStart& start);
  void find_request_id(const RequestStart& start);
  void enter(log::AccessRecord::Phase phase) { record_.enter(phase, context_.loop.turn_us()); }
  void write_record();
  void run();
  Flow go(Step step) {
    now_.step = step;
    return Flow::next;
  }

  // transaction.cc: from the head to a slot of a backend, and the end
  Flow sanitize();
  Flow route();
  void write_request_head();
  Flow finish();
  Flow give_up_on_client(std::string_view reason);

  // access.cc: who is the client, and may it come in
  void find_client(const RequestStart& start);
  bool is_denied(const route::ClientRules& rules) const;
  bool is_denied_by_listener() const;
  bool is_denied_by_service() const { return is_denied(now_.service->clients); }

  // permit.cc: may this client ask this now
  Flow permit();
  Step after_permit() const {
    return now_.document || now_.service->config.respond ? Step::serve : Step::collect;
  }
  bool is_disabled() const {
    return context_.segment.services().admin().state(now_.service->row) ==
           shm::AdminState::disabled;
  }

  // limits.cc: how often may this client ask. Nothing: it may ask now
  std::optional<Flow> check_limits(std::vector<route::ClientLimit>& limits);
  // authenticate.cc: is this one of the service's users
  std::optional<Flow> ask_for_user();
  Flow authenticate();
  void on_checked(auth::Verdict verdict) override;
  Flow challenge(std::string_view reason);
  Flow slow_down();

  // recall.cc: sessions that the machines share
  Flow recall();
  Flow claim();
  void refresh_session(const route::SessionAffinity::Session& session);
  std::string stored_value(std::size_t backend_index, bool is_known) const;
  void on_found(const store::Found& found) override;
  void settle_recall(const store::Found& found);
  bool claims_session();
  void settle_claim(const store::Found& found);
  void bind_session();
  void store_session(const route::SharedKeys& keys);  // upstream.cc

  // queueing.cc: from a request that is permitted to a slot of a backend
  Flow collect();
  bool reserve(std::uint64_t bytes);
  void give_reserve_back();
  Flow admit();
  shm::Rank judge_rank();
  Flow pick_backend();
  Flow enter_backend();
  Step after_collect() const { return now_.shared.empty() ? Step::admit : Step::recall; }
  Flow after_entry(Admission::Entry entry);
  void note_full(std::string_view limit, const std::string& why);
  void note_full_queue(std::string_view limit);
  void on_admitted() override;
  void on_waited_long() override;
  void on_wait_timeout() override;

  // choose.cc: which backend. Those of a service are known by their index in it
  class Candidates;
  void note_marks();
  bool choose_backend();
  std::optional<std::size_t> choose_of_service();
  bool choose_of_emergency();
  void take_backend(std::size_t index);
  bool may_serve(std::size_t backend) const;
  unsigned share_of(std::size_t backend) const;
  std::optional<std::size_t> bound_backend();
  // The backend of the service that has authenticated the client's connection.
  std::optional<std::size_t> pinned_backend();
  bool is_bound_to_backend() const;
  std::string_view added_fields();

  // streams.cc: tunnels and event streams
  bool begin_stream();
  void end_stream();
  Flow begin_tunnel(std::string_view rest);
  Flow run_tunnel();
  void cut_stream(std::string_view reason);

  // answer.cc: the responses that Pound makes itself
  Flow refuse(const http::Refusal& refusal, std::string_view excerpt);
  Flow refuse_head(const http::Refusal& refusal);
  // Counts it; at detail 1 the log says where and why.
  void note_refusal(std::string_view whose, const http::Refusal& refusal, std::string_view excerpt);
  Flow fail(int status, std::string_view reason);
  Flow fail_with(const http::Answer& answer, std::string_view reason);
  http::Answer error_answer(int status);
  http::PageLevels page_levels() const;
  Flow answer_for_maintenance();
  // Likewise, with a Retry-After field: a limit is reached that soon may not be.
  Flow fail_for_now(std::string_view reason);
  Flow redirect(const conf::Redirect& redirect);
  bool is_misdirected() const;
  Flow send_answer(http::Answer answer);

  // serve.cc: documents that Pound makes itself, and those of the operator
  std::optional<Flow> ask_for_document();
  Flow serve();
  Flow respond(const conf::Respond& respond);
  Flow begin_document();
  void pump_generated();

  // upstream.cc: the backend's connection and its response head
  Flow connect();
  // The connection of this client alone, or one of the pool.
  std::unique_ptr<backend::UpstreamConnection> take_idle();
  bool may_use(const backend::PinnedUpstream& pinned) const;
  std::string proxy_header() const;  // announce.cc
  Flow connect_next_address(int last_error);
  Flow connected();
  Flow connect_failed(int error);
  Flow secure();
  Flow secure_failed(std::string_view reason, std::string_view why);
  Flow backend_failed(int error);
  // Has the backend probed if it took the request and has said nothing to any worker since then.
  void suspect_if_silent(std::string_view why);
  void note_heard();  // bytes came from the backend
  void note_answer();
  void count_response();
  void count_failure(shm::BackendFailure why);
  Flow send_head();
  Flow upstream_ended(const tls::IoResult& result);
  Flow take_response(char* data, std::size_t size);
  Flow refuse_response(const http::Refusal& refusal, std::string_view excerpt);
  Flow begin_response(char* rest, std::size_t size);
  void upstream_done(bool has_excess);
  void release_upstream(bool has_excess);
  void keep_upstream();  // in the pool, or for this client
  void drop_upstream();

  // retry.cc: may another backend serve instead
  const conf::RetryPolicy& retry_policy() const;
  bool may_repeat(std::string_view method) const;
  bool may_keep_body();
  bool may_need_kept() const;
  bool may_try_other() const;
  bool may_resend() const;
  bool takes_retry(std::string_view why);
  bool is_reset_retried();
  bool is_answer_retried(int status);
  bool has_other_backend() const;
  Flow replace_answer(char* rest, std::size_t size);
  Flow go_elsewhere();

  // rewrite.cc: URLs that name a server as the other side knows it
  void note_asked();
  void rewrite_locations(std::vector<std::string>& values);
  void rewrite_destination();

  // compress.cc: responses that Pound compresses
  void note_codings();
  bool is_guessable() const;
  std::string_view begin_compression(std::string_view added, http::Framing& framing,
                                     BodyData& first);
  bool compress_first(const conf::Compress::Offer& coding, BodyData& first);
  bool compress_part(BodyData& part);
  // edits.cc: Request, Reply and Rewrite
  route::TemplateValues edit_values() const;
  std::optional<Flow> rewrite_path();
  const route::BackendEdits* backend_edits() const;
  const route::HeadEdits& answer_edits() const;
  bool differs_by_backend() const;
  std::optional<std::string_view> head_for_backend();
  std::string_view edit_reply(std::string_view added);
  void edit_answer(http::Answer& answer);
  void edit_document();

  // relay.cc: bodies both ways, and how long to wait for either side
  Flow relay();
  Flow pump_request();
  Flow pump_response();
  void release_sent_request();
  void send_request_part(net::Stream* sink, std::string_view data);
  Flow pass_body(char* data, std::size_t size);
  bool send_part(BodyData part);
  Flow after_body(bool has_excess);
  bool takes_response();
  void arm_deadlines();
  std::int64_t client_moved() const override;
  bool is_wanted() const override { return admission_.is_wanted(); }
  void on_client_silent() override { client_failed("client_timeout"); }
  void on_client_too_slow() override { client_failed("client_too_slow"); }
  void client_failed(std::string_view reason);

  Context& context_;
  Exchange& client_;
  Request now_;
  Admission admission_;
  auth::Waiter auth_waiter_;
  store::Question question_;  // to the session store
  Pace pace_;
  net::Deadline stream_deadline_;
  std::unique_ptr<backend::UpstreamConnection> upstream_;
  http::BodyReader response_body_;
  std::unique_ptr<Compression> compression_;  // of the response; until its last part was encoded
  std::unique_ptr<serve::Body> generated_;    // of the response; until its last part was sent

  // Kept from request to request for the memory that they own; start() empties them.
  net::Outbox to_backend_;
  std::string request_head_;  // as it goes to the backend, before edits
  std::string rewritten_;     // the target that the backend gets; empty: that of the client
  std::string upgrade_;
  std::string asked_authority_;  // as the client sees it, where the listener rewrites URLs
  std::string client_ip_;        // when it is not the peer's
  std::string added_;            // to the response, or by edits to the request
  std::string page_;             // an error page with the id of the request
  log::AccessRecord record_;
};

}  // namespace worker::transaction
