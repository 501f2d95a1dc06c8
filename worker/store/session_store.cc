// See session_store.h.
#include "worker/store/session_store.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "worker/log/escape.h"
#include "worker/store/command.h"

namespace worker::store {

using shm::StoreCount;
using shm::StoreLink;

// A command under way.
struct Command {
  enum class What : std::uint8_t { look_up, claim, contest, refresh, ping, write };

  What what = What::write;
  std::uint64_t sent_us = 0;
  Question* question = nullptr;  // null: nobody waits for it
  // What the answer may ask for: the session to be written.
  route::SharedKeys keys = {};
  std::string value = {};
  std::string ttl_ms = {};
  std::function<void(const Found&)> then = {};
};

namespace {

using What = Command::What;

constexpr std::size_t kMostShown = 120;  // bytes of an answer, in the log

std::string milliseconds(std::uint32_t seconds) {
  return std::to_string(std::uint64_t{seconds} * 1000);
}

// Each worker has one; without a store nothing uses it.
const conf::SessionStore& or_none(const conf::SessionStore* config) {
  static const conf::SessionStore none;
  return config != nullptr ? *config : none;
}

}  // namespace

void Question::leave() {
  if (store_ != nullptr) store_->leave(*this);
}

SessionStore::SessionStore(net::EventLoop& loop, const conf::SessionStore* config,
                           const Heritage& heritage, shm::StoreState& state, shm::Row row,
                           log::Log& log)
    : loop_(loop),
      config_(config),
      state_(state),
      row_(row),
      report_(or_none(config), state, row, log),
      dialer_(loop, or_none(config), heritage, *this),
      timeout_us_(static_cast<std::uint64_t>(or_none(config).timeout.count()) * 1000),
      patience_ms_(static_cast<unsigned>(std::clamp<std::uint64_t>(timeout_us_ / 10'000, 1, 5))),
      patience_(
          loop, [](void* self) { static_cast<SessionStore*>(self)->check_patience(); }, this) {}

SessionStore::~SessionStore() = default;

void SessionStore::start() {
  if (!is_on()) return;
  report_.begin();
  dialer_.start(net::EventLoop::now_ms());
}

// --- what goes out -------------------------------------------------------------------------------

std::string SessionStore::key_text(const shm::SessionKey& key) const {
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, key.high, key.low);
  return config_->prefix + ":" + hex;
}

bool SessionStore::may_send(std::size_t commands) {
  if (dialer_.is_serving() && unanswered_.size() + commands <= kMostUnanswered) return true;
  count(StoreCount::skipped);
  return false;
}

bool SessionStore::may_wait(const Question& question) {
  const bool is_prompt = link() == StoreLink::ready || link() == StoreLink::refusing;
  return is_prompt && question.waited_us_ < timeout_us_;
}

Command& SessionStore::send(std::initializer_list<std::string_view> words) {
  append_command(dialer_.connection().output(), words);
  Command& command = unanswered_.emplace_back();
  command.sent_us = loop_.turn_us();
  return command;
}

void SessionStore::wait(Question& question, Command& command) {
  question.store_ = this;
  question.command_ = &command;
  question.asked_us_ = loop_.turn_us();
  command.question = &question;
  ++waiting_;
  if (!patience_.running()) patience_.start(patience_ms_);
}

bool SessionStore::ask(Question& question, const route::SharedKeys& keys, std::uint32_t ttl_s) {
  if (!may_wait(question)) {
    count(StoreCount::skipped);
    return false;
  }
  if (!may_send()) return false;
  count(StoreCount::asked);
  send_look_up(question, keys, ttl_s);
  return true;
}

void SessionStore::send_look_up(Question& question, const route::SharedKeys& keys,
                                std::uint32_t ttl_s) {
  const std::string first = key_text(keys.all[0]);
  Command& command =
      keys.count == 1 ? send({"GET", first}) : send({"MGET", first, key_text(keys.all[1])});
  command.what = What::look_up;
  command.keys = keys;
  command.ttl_ms = milliseconds(ttl_s);
  wait(question, command);
}

bool SessionStore::claim(Question& question, const Binding& binding) {
  if (!may_send()) return false;
  Command& command = set_if_absent(binding.keys, binding.value, milliseconds(binding.ttl_s));
  if (!may_wait(question)) return false;
  command.what = What::claim;
  command.keys = binding.keys;
  command.value = binding.value;
  wait(question, command);
  return true;
}

void SessionStore::write(const Binding& binding) {
  const std::string ttl_ms = milliseconds(binding.ttl_s);
  for (const shm::SessionKey& key : binding.keys.list()) {
    if (!may_send()) return;
    count(StoreCount::written);
    send({"SET", key_text(key), binding.value, "PX", ttl_ms});
  }
}

void SessionStore::refresh(const Binding& binding, std::function<void(const Found&)> then) {
  if (!may_send(2)) return;
  count(StoreCount::written);
  const std::string key = key_text(binding.keys.all[0]);
  Command& command = send({"GET", key});
  command.what = What::refresh;
  command.keys = binding.keys;
  command.value = binding.value;
  command.ttl_ms = milliseconds(binding.ttl_s);
  command.then = std::move(then);
  const std::string ttl_ms = command.ttl_ms;
  send({"PEXPIRE", key, ttl_ms});
}

Command& SessionStore::set_if_absent(const route::SharedKeys& keys, std::string_view value,
                                     std::string_view ttl_ms) {
  count(StoreCount::written);
  return send({"SET", key_text(keys.all[0]), value, "PX", ttl_ms, "NX"});
}

void SessionStore::write_again(const Command& command) {
  if (may_send()) set_if_absent(command.keys, command.value, command.ttl_ms);
}

void SessionStore::flush() {
  if (is_on() && dialer_.is_serving()) dialer_.connection().flush();
}

// --- what comes in -------------------------------------------------------------------------------

void SessionStore::on_reply(Reply reply) {
  if (unanswered_.empty()) {
    return dialer_.give_up({"it answers without being asked", true}, net::EventLoop::now_ms());
  }
  Command command = std::move(unanswered_.front());
  unanswered_.pop_front();
  if (reply.kind == Reply::Kind::error) return take_error(command, reply);
  switch (command.what) {
    case What::look_up:
      return take_look_up(command, reply);
    case What::claim:
    case What::contest:
      return take_claim(command, reply);
    case What::refresh:
      return take_refresh(command, reply);
    case What::ping:
      return take_pong(command);
    case What::write:
      break;
  }
  if (reply.kind == Reply::Kind::status) note_stored();
}

// A write has succeeded.
void SessionStore::note_stored() {
  if (link() == StoreLink::refusing) on_serving();
}

// Some errors say that this server does not serve any more; others, that one command failed.
void SessionStore::take_error(Command& command, const Reply& reply) {
  count(StoreCount::refused);
  answer(command, {});
  const std::string shown = "it answers " + log::escaped(reply.text, kMostShown);
  if (serves_no_more(reply)) return dialer_.give_up({shown, true}, net::EventLoop::now_ms());
  if (link() != StoreLink::ready) return;
  report_.set(StoreLink::refusing, dialer_.title(),
              "refuses: " + shown + "; this machine keeps such sessions alone");
}

void SessionStore::take_look_up(Command& command, const Reply& reply) {
  const std::string* value = reply.kind == Reply::Kind::text ? &reply.text : nullptr;
  bool is_first = true;
  if (reply.kind == Reply::Kind::list) {
    const auto found = std::ranges::find_if(
        reply.list, [](const std::optional<std::string>& one) { return one.has_value(); });
    if (found != reply.list.end()) value = &**found;
    is_first = found == reply.list.begin();
  } else if (value == nullptr && reply.kind != Reply::Kind::nothing) {
    count(StoreCount::refused);
    return answer(command, {});
  }
  if (value == nullptr) return answer(command, {.what = Found::What::nothing});
  const Found found = found_in(*value);
  if (found.what == Found::What::backend) {
    count(StoreCount::found);
    command.value = *value;
    if (!is_first) {
      write_again(command);
    } else if (may_send()) {
      count(StoreCount::written);
      send({"PEXPIRE", key_text(command.keys.all[0]), command.ttl_ms});
    }
  }
  answer(command, found);
}

// Of SET … NX, or of the GET that follows it when another machine was faster.
void SessionStore::take_claim(Command& command, const Reply& reply) {
  if (reply.kind == Reply::Kind::status && command.what == What::claim) {
    note_stored();
    return answer(command, found_in(command.value));
  }
  if (reply.kind == Reply::Kind::text && command.what == What::contest) {
    return answer(command, found_in(reply.text));
  }
  const bool was_taken = reply.kind == Reply::Kind::nothing && command.what == What::claim;
  if (was_taken && command.question != nullptr && may_send()) {
    Question* const question = command.question;
    Command& contest = send({"GET", key_text(command.keys.all[0])});
    contest.what = What::contest;
    contest.question = question;
    question->command_ = &contest;
    return;
  }
  if (reply.kind != Reply::Kind::nothing) count(StoreCount::refused);
  answer(command, {});
}

void SessionStore::take_refresh(Command& command, const Reply& reply) {
  if (reply.kind == Reply::Kind::nothing) return write_again(command);
  if (reply.kind != Reply::Kind::text) return count(StoreCount::refused);
  if (reply.text != command.value) command.then(found_in(reply.text));
}

void SessionStore::take_pong(const Command& command) {
  if (link() != StoreLink::late) return;
  const bool is_prompt = loop_.turn_us() - command.sent_us < timeout_us_;
  pongs_ = is_prompt ? pongs_ + 1 : 0;
  if (pongs_ == 2) on_serving();
}

void SessionStore::answer(Command& command, const Found& found) {
  Question* const question = std::exchange(command.question, nullptr);
  if (question == nullptr) return;
  --waiting_;
  question->store_ = nullptr;
  question->command_ = nullptr;
  question->waited_us_ += loop_.turn_us() - question->asked_us_;
  question->user_.on_found(found);
}

// --- when it does not serve ----------------------------------------------------------------------

void SessionStore::on_serving() { report_.set(StoreLink::ready, dialer_.title(), "serves"); }

void SessionStore::on_down(const Down& down) {
  report_.set(StoreLink::down, dialer_.title(),
              "is down: " + down.why + "; this machine keeps its sessions alone until it is back",
              down.has_answered);
  for (Command& command : unanswered_) {
    if (command.question == nullptr) continue;
    command.question->command_ = nullptr;
    given_up_.push_back(command.question);
  }
  unanswered_.clear();
  waiting_ = 0;
  deliver();
}

// Gives up the questions that have waited for TimeOut, unless their answers are here already.
void SessionStore::check_patience() {
  if (waiting_ != 0) dialer_.connection().read();
  const std::uint64_t now_us = loop_.turn_us();
  const std::uint64_t step_us = std::uint64_t{patience_ms_} * 1000 / 2;
  for (Command& command : unanswered_) {
    Question* const question = command.question;
    if (question == nullptr) continue;
    const std::uint64_t waited = question->waited_us_ + (now_us - question->asked_us_);
    if (waited + step_us < timeout_us_) continue;
    count(StoreCount::late);
    command.question = nullptr;
    question->command_ = nullptr;
    --waiting_;
    given_up_.push_back(question);
  }
  if (waiting_ == 0) patience_.stop();
  if (given_up_.empty()) return;
  become_late();
  deliver();
}

void SessionStore::become_late() {
  if (link() != StoreLink::ready && link() != StoreLink::refusing) return;
  pongs_ = 0;
  pinged_ms_ = net::EventLoop::now_ms();
  report_.set(StoreLink::late, dialer_.title(),
              "is late: it has not answered within " + std::to_string(config_->timeout.count()) +
                  " ms; this machine keeps its sessions alone until it is faster");
}

// Each of them may leave, or make others leave, meanwhile.
void SessionStore::deliver() {
  while (!given_up_.empty()) {
    Question& question = *given_up_.back();
    given_up_.pop_back();
    question.store_ = nullptr;
    question.waited_us_ = timeout_us_;
    question.user_.on_found({});
  }
}

void SessionStore::leave(Question& question) {
  question.store_ = nullptr;
  if (question.command_ == nullptr) {
    std::erase(given_up_, &question);
    return;
  }
  question.command_->question = nullptr;
  question.command_ = nullptr;
  --waiting_;
}

void SessionStore::tick(std::uint64_t now_ms) {
  if (!is_on() || link() == StoreLink::none) return;
  report_.say();
  dialer_.tick(now_ms);
  if (!dialer_.is_serving()) return;
  if (!unanswered_.empty()) {
    const std::uint64_t silent_us = loop_.turn_us() - unanswered_.front().sent_us;
    if (silent_us > std::max(kSilenceMs * 1000, 2 * timeout_us_)) {
      return dialer_.give_up({"it has not answered for 2 seconds"}, now_ms);
    }
  }
  if (link() != StoreLink::late || now_ms - pinged_ms_ < kPingMs || !may_send()) return;
  pinged_ms_ = now_ms;
  send({"PING"}).what = What::ping;
}

}  // namespace worker::store
