// The passwords that this worker's requests wait for: see checks.h.
#include "worker/auth/checks.h"

#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <utility>

#include "worker/auth/credential_key.h"

namespace worker::auth {

// One question, and the requests that wait for the answer.
struct Check {
  Check() = default;
  ~Check() { question.wipe(); }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  Question question;
  shm::SessionKey key;
  std::uint64_t client = 0;
  bool has_failed = false;     // the client has tried a wrong password lately
  std::uint64_t round = 0;     // its turn: the lowest comes first
  std::uint64_t asked_ms = 0;  // once the helper has it
  Verdict verdict = Verdict::unavailable;
  std::vector<Waiter*> waiters;
};

namespace {

constexpr unsigned kDeliverMs = 1;

std::uint64_t random_id() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Waiter::Waiter(WaiterUser& user)
    : user_(user), deadline_([](void* self) { static_cast<Waiter*>(self)->on_deadline(); }, this) {}

void Waiter::leave() {
  if (check_ != nullptr) checks_->leave(*this);
}

void Waiter::on_deadline() {
  leave();
  user_.on_checked(Verdict::unavailable);
}

Checks::Checks(net::EventLoop& loop, net::DeadlineLists& deadlines, const Heritage& heritage,
               Memory memory, const route::HashSecret& secret)
    : loop_(loop),
      patience_(deadlines.of(kCheckMs)),
      heritage_(heritage),
      memory_(memory),
      secret_(secret),
      later_(
          loop, [](void* self) { static_cast<Checks*>(self)->deliver(); }, this),
      next_id_(random_id()) {}

Checks::~Checks() = default;

bool Checks::start() {
  if (heritage_.files.empty()) return true;
  return event_.add_level(
      loop_, heritage_.channel, net::kReadable,
      [](void* self, short) { static_cast<Checks*>(self)->on_answers(); }, this);
}

// --- requests ------------------------------------------------------------------------------------

Checks::Entry Checks::ask(Waiter& waiter, const Attempt& attempt) {
  const std::uint64_t now = net::EventLoop::now_ms();
  const shm::SessionKey key = credential_key(secret_, heritage_.files[attempt.file].identity,
                                             attempt.user, attempt.password);
  if (memory_.auth.remembered.knows(key, now)) return Entry::known;
  for (List* const list : {&asked_, &waiting_}) {
    for (Check& check : *list) {
      if (check.key != key) continue;
      join(waiter, check);
      return Entry::waits;
    }
  }
  return add(waiter, attempt, key);
}

void Checks::join(Waiter& waiter, Check& check) {
  check.waiters.push_back(&waiter);
  waiter.checks_ = this;
  waiter.check_ = &check;
  waiter.deadline_.start(patience_, net::EventLoop::now_ms());
}

Checks::Entry Checks::add(Waiter& waiter, const Attempt& attempt, const shm::SessionKey& key) {
  const std::uint64_t client = client_key(secret_, attempt.client_ip);
  if (memory_.attempts.wait_ms(client, net::EventLoop::now_ms()) != 0) return Entry::slowed;
  std::size_t of_client = 0;
  std::uint64_t round = round_;
  for (const Check& check : waiting_) {
    if (check.client != client) continue;
    ++of_client;
    round = std::max(round, check.round + 1);
  }
  if (!asked_.empty() && asked_.front().client == client) round = std::max(round, round_ + 1);
  if (of_client >= kMostOfClient) return Entry::full;
  const bool has_failed = memory_.attempts.has_failed(client, net::EventLoop::now_ms());
  if (waiting_.size() >= kMostChecks && (has_failed || !make_room())) return Entry::full;
  Check& check = waiting_.emplace_back();
  check.key = key;
  check.client = client;
  check.has_failed = has_failed;
  check.round = round;
  check.question.id = next_id_ != 0 ? next_id_ : 1;
  next_id_ = check.question.id + 1;
  check.question.file = attempt.file;
  check.question.set(attempt.user, attempt.password);
  join(waiter, check);
  pump();
  return Entry::waits;
}

// For a client that has tried no wrong password: one that has waits no longer.
bool Checks::make_room() {
  const auto last = std::find_if(waiting_.rbegin(), waiting_.rend(),
                                 [](const Check& check) { return check.has_failed; });
  if (last == waiting_.rend()) return false;
  settle(std::prev(last.base()), Verdict::unavailable);
  return true;
}

void Checks::leave(Waiter& waiter) {
  Check* const check = waiter.check_;
  waiter.check_ = nullptr;
  waiter.deadline_.stop();
  std::erase(check->waiters, &waiter);
  if (!check->waiters.empty()) return;
  // One that was asked stays, so that the helper is not asked another before it has answered.
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [check](const Check& one) { return &one == check; });
  if (found != waiting_.end()) waiting_.erase(found);
}

std::uint64_t Checks::retry_after_s(std::string_view client_ip) const {
  const std::uint64_t wait =
      memory_.attempts.wait_ms(client_key(secret_, client_ip), net::EventLoop::now_ms());
  return std::max<std::uint64_t>((wait + 999) / 1000, 1);
}

// --- the helper ----------------------------------------------------------------------------------

Checks::List::iterator Checks::next() {
  return std::min_element(
      waiting_.begin(), waiting_.end(), [](const Check& one, const Check& other) {
        return std::pair(one.has_failed, one.round) < std::pair(other.has_failed, other.round);
      });
}

// Asks the next question if the helper has none. One that was not answered in time is given up.
void Checks::pump() {
  const std::uint64_t now = net::EventLoop::now_ms();
  if (!asked_.empty() && now - asked_.front().asked_ms >= kCheckMs) {
    memory_.attempts.give_back(asked_.front().client, now);
    settle(asked_.begin(), Verdict::unavailable);
  }
  while (asked_.empty() && !waiting_.empty()) {
    const List::iterator check = next();
    round_ = check->round;
    if (!memory_.attempts.take(check->client, now)) {
      settle(check, Verdict::slowed);
    } else if (send(*check)) {
      check->asked_ms = now;
      asked_.splice(asked_.end(), waiting_, check);
    } else {
      memory_.attempts.give_back(check->client, now);
      settle(check, Verdict::unavailable);
    }
  }
}

bool Checks::send(Check& check) {
  const Question& question = check.question;
  return ::send(heritage_.channel, &question, sizeof question, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof question);
}

void Checks::settle(List::iterator check, Verdict verdict) {
  List& list = !asked_.empty() && check == asked_.begin() ? asked_ : waiting_;
  check->verdict = verdict;
  settled_.splice(settled_.end(), list, check);
  if (!later_.running()) later_.start(kDeliverMs);
}

// The requests go on here, and may ask again. Each of them may leave meanwhile.
void Checks::deliver() {
  later_.stop();
  while (!settled_.empty()) {
    Check& check = settled_.front();
    if (check.waiters.empty()) {
      settled_.pop_front();
      continue;
    }
    Waiter& waiter = *check.waiters.back();
    const Verdict verdict = check.verdict;
    leave(waiter);
    waiter.user_.on_checked(verdict);
  }
}

void Checks::on_answers() {
  Answer answer;
  for (;;) {
    const ssize_t size = ::recv(heritage_.channel, &answer, sizeof answer, MSG_DONTWAIT);
    if (size == static_cast<ssize_t>(sizeof answer)) {
      take(answer);
    } else if (size == 0) {  // the channel is broken; deadlines answer the requests
      event_.remove();
      break;
    } else if (size < 0) {
      break;
    }
  }
  pump();
  deliver();
}

void Checks::take(const Answer& answer) {
  // The first greeting is that of the helper which will find the question in its channel.
  const bool is_another_helper = answer.id == 0 && std::exchange(is_greeted_, true);
  if (asked_.empty() || (answer.id == 0 && !is_another_helper)) return;
  Check& check = asked_.front();
  const std::uint64_t now = net::EventLoop::now_ms();
  if (is_another_helper) {  // it has not got the question that the former one took
    if (!check.waiters.empty() && send(check)) {
      check.asked_ms = now;
      return;
    }
    memory_.attempts.give_back(check.client, now);
    settle(asked_.begin(), Verdict::unavailable);
  } else if (answer.id == check.question.id) {
    const bool is_match = answer.is_match == 1;
    if (is_match) memory_.attempts.give_back(check.client, now);
    settle(asked_.begin(), is_match ? Verdict::match : Verdict::mismatch);
  }
}

}  // namespace worker::auth
