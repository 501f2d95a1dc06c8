// The way back to a client of the control socket that has sent a command.
//
// A handler answers once: at once, or later from a copy that it keeps. A client may go away
// meanwhile; it then takes no answer. Owns nothing.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace master::control {

// A command that was understood but cannot be done. The client gets "error: " and the text.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A line that is no command, or has other arguments than its command takes: "usage: " and the text.
struct Misused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Takes the answer.
class Recipient {
 public:
  Recipient() = default;
  virtual ~Recipient() = default;
  Recipient(const Recipient&) = delete;
  Recipient& operator=(const Recipient&) = delete;

  virtual void take(std::string answer) = 0;
};

class Reply {
 public:
  Reply() = default;
  explicit Reply(std::weak_ptr<Recipient> recipient) : recipient_(std::move(recipient)) {}

  // The text of a command that was done. Ends with a line feed, or is empty.
  void answer(std::string text) const {
    if (const auto recipient = recipient_.lock()) recipient->take(std::move(text));
  }
  void refuse(std::string_view reason) const { answer("error: " + std::string(reason) + "\n"); }
  void misuse(std::string_view reason) const { answer("usage: " + std::string(reason) + "\n"); }
  // False once the client is gone. What was prepared for it can be given up.
  bool is_awaited() const { return !recipient_.expired(); }

 private:
  std::weak_ptr<Recipient> recipient_;
};

}  // namespace master::control
