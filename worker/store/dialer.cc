// See dialer.h.
#include "worker/store/dialer.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/log/escape.h"
#include "worker/net/ip_address.h"
#include "worker/store/command.h"
#include "worker/tls/backend_context.h"

namespace worker::store {

namespace {

constexpr std::size_t kMostShown = 120;  // bytes of an answer, in the log

std::string shown(std::string_view text) { return log::escaped(text, kMostShown); }

std::string refusal(const Reply& reply) {
  if (reply.kind == Reply::Kind::error) return "it answers " + shown(reply.text);
  return "its answer is not the one to the command";
}

// Of the two texts that a sentinel answers with. Nothing if they are not numeric.
std::optional<net::SocketAddress> primary_in(const Reply& reply) {
  if (reply.kind != Reply::Kind::list || reply.list.size() != 2) return std::nullopt;
  const std::optional<std::string>& host = reply.list[0];
  const std::optional<std::string>& port = reply.list[1];
  if (!host || !port) return std::nullopt;
  const std::optional<net::IpAddress> ip = net::parse_ip(*host);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), number);
  if (!ip || error != std::errc() || end != port->data() + port->size() || number == 0) {
    return std::nullopt;
  }
  return net::socket_address(*ip, number);
}

// An error of a store that does not know the command, or does not allow it, says nothing.
bool is_replica(const Reply& reply) {
  if (reply.kind != Reply::Kind::list || reply.list.empty() || !reply.list[0]) return false;
  return *reply.list[0] == "slave" || *reply.list[0] == "replica";
}

}  // namespace

bool serves_no_more(const Reply& reply) {
  if (reply.kind != Reply::Kind::error) return false;
  const std::string_view code = std::string_view(reply.text).substr(0, reply.text.find(' '));
  return code == "NOAUTH" || code == "WRONGPASS" || code == "LOADING" || code == "MASTERDOWN" ||
         code == "READONLY" || code == "MOVED";
}

Dialer::Dialer(net::EventLoop& loop, const conf::SessionStore& config, const Heritage& heritage,
               DialerUser& user)
    : config_(config), heritage_(heritage), user_(user), connection_(loop, *this) {}

void Dialer::start(std::uint64_t now_ms) {
  next_ = 0;
  title_ = heritage_.servers.empty() ? config_.servers.front().address
                                     : net::host_port_text(heritage_.servers.front());
  if (heritage_.servers.empty()) return rest({"its name does not resolve"}, now_ms);
  try_next(now_ms);
}

void Dialer::try_next(std::uint64_t now_ms) {
  open(heritage_.servers[next_++], has_sentinel() ? State::finding : State::connecting, now_ms);
}

void Dialer::open(const net::SocketAddress& address, State state, std::uint64_t now_ms) {
  state_ = state;
  title_ = net::host_port_text(address);
  due_ms_ = now_ms + kAttemptMs;
  unanswered_.clear();
  connection_.open(address, heritage_.tls.get());
}

void Dialer::send(Own what) {
  std::string& out = connection_.output();
  switch (what) {
    case Own::auth:
      if (config_.user.empty()) {
        append_command(out, {"AUTH", heritage_.password});
      } else {
        append_command(out, {"AUTH", config_.user, heritage_.password});
      }
      break;
    case Own::sentinel:
      append_command(out, {"SENTINEL", "get-master-addr-by-name", config_.sentinel});
      break;
    case Own::select:
      append_command(out, {"SELECT", std::to_string(config_.database)});
      break;
    case Own::role:
      append_command(out, {"ROLE"});
      break;
  }
  unanswered_.push_back(what);
}

void Dialer::on_connected() {
  if (!heritage_.password.empty()) send(Own::auth);
  if (state_ == State::finding) {
    state_ = State::asking;
    send(Own::sentinel);
  } else {
    state_ = State::greeting;
    if (config_.database != 0) send(Own::select);
    send(Own::role);
  }
  connection_.flush();
}

void Dialer::on_reply(Reply reply) {
  if (state_ == State::serving) return user_.on_reply(std::move(reply));
  if (unanswered_.empty()) {
    return fail({"it answers without being asked", true}, net::EventLoop::now_ms());
  }
  const Own what = unanswered_.front();
  unanswered_.pop_front();
  if (state_ == State::greeting) return take_greeting(what, reply);
  if (what == Own::sentinel) take_primary(reply);  // the sentinel need not know the password
}

void Dialer::take_primary(const Reply& reply) {
  const std::uint64_t now_ms = net::EventLoop::now_ms();
  if (const auto address = primary_in(reply)) return open(*address, State::connecting, now_ms);
  if (reply.kind == Reply::Kind::nothing) {
    return fail({"this sentinel knows no primary `" + shown(config_.sentinel) + "`", true}, now_ms);
  }
  if (reply.kind == Reply::Kind::error) return fail({refusal(reply), true}, now_ms);
  fail({"this sentinel does not answer with a numeric address and a port", true}, now_ms);
}

void Dialer::take_greeting(Own what, const Reply& reply) {
  const std::uint64_t now_ms = net::EventLoop::now_ms();
  if (what == Own::role) {
    if (is_replica(reply)) return fail({"it is a replica", true}, now_ms);
    if (serves_no_more(reply)) return fail({refusal(reply), true}, now_ms);
    if (reply.kind != Reply::Kind::list && reply.kind != Reply::Kind::error) {
      return fail({refusal(reply), true}, now_ms);
    }
    state_ = State::serving;
    next_ = 0;
    return user_.on_serving();
  }
  if (reply.kind != Reply::Kind::status) fail({refusal(reply), true}, now_ms);
}

void Dialer::on_failure(const std::string& why) {
  const std::uint64_t now_ms = net::EventLoop::now_ms();
  if (state_ == State::serving) return give_up({why}, now_ms);
  fail({why}, now_ms);
}

void Dialer::give_up(const Down& down, std::uint64_t now_ms) {
  connection_.close();
  rest(down, now_ms);
}

void Dialer::fail(const Down& down, std::uint64_t now_ms) {
  connection_.close();
  if (next_ < heritage_.servers.size()) return try_next(now_ms);
  rest(down, now_ms);
}

void Dialer::rest(const Down& down, std::uint64_t now_ms) {
  state_ = State::resting;
  next_ = 0;
  due_ms_ = now_ms + kRestMs;
  user_.on_down(down);
}

void Dialer::tick(std::uint64_t now_ms) {
  if (state_ == State::serving || now_ms < due_ms_) return;
  if (state_ != State::resting) return fail({"it has not answered within 2 seconds"}, now_ms);
  if (!heritage_.servers.empty()) try_next(now_ms);
}

}  // namespace worker::store
