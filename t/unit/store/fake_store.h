// A store that a test scripts: it speaks enough of the protocol of Redis to keep sessions.
//
// Everything is non-blocking and happens in poll(), which a test calls while it turns the loop of
// the code under test.
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "t/unit/transaction/fake_backend.h"

namespace store_test {

using Words = std::vector<std::string>;

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

inline std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

class FakeStore {
 public:
  using Script = std::function<std::optional<std::string>(const Words&)>;

  // Answers all commands that have come.
  void poll() {
    server.poll();
    read_.resize(server.connections());
    for (std::size_t i = 0; i < read_.size(); ++i) {
      while (const auto words = next(i)) {
        commands.push_back(joined(*words));
        const std::string answer = answer_to(*words);
        if (is_silent) {
          withheld.push_back({i, answer});
        } else if (!answer.empty() && !server.is_closed(i)) {
          server.sends(answer, i);
        }
      }
    }
  }
  // Sends the answers that were withheld while it was silent.
  void speak() {
    is_silent = false;
    for (const auto& [i, answer] : withheld) server.sends(answer, i);
    withheld.clear();
  }

  transaction_test::FakeBackend server;
  std::map<std::string, std::string> data;
  std::vector<std::string> commands;  // in the order of their arrival, with blanks between words
  Script script = [](const Words&) { return std::nullopt; };  // answers instead of the store
  bool is_silent = false;
  std::vector<std::pair<std::size_t, std::string>> withheld;

 private:
  std::string get(const std::string& key) const {
    const auto found = data.find(key);
    return found == data.end() ? "$-1\r\n" : bulk(found->second);
  }

  std::string answer_to(const Words& words) {
    if (const auto scripted = script(words)) return *scripted;
    const std::string& name = words[0];
    if (name == "PING") return "+PONG\r\n";
    if (name == "ROLE") return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    if (name == "AUTH" || name == "SELECT") return "+OK\r\n";
    if (name == "GET") return get(words[1]);
    if (name == "MGET") return "*2\r\n" + get(words[1]) + get(words[2]);
    if (name == "PEXPIRE") return data.contains(words[1]) ? ":1\r\n" : ":0\r\n";
    if (name != "SET") return "-ERR unknown command\r\n";
    if (words.back() == "NX" && data.contains(words[1])) return "$-1\r\n";
    data[words[1]] = words[2];
    return "+OK\r\n";
  }

  // The next whole command of the connection.
  std::optional<Words> next(std::size_t i) {
    const std::string_view all = server.received(i);
    std::size_t at = read_[i];
    const auto number = [&](char mark) -> std::optional<std::size_t> {
      const std::size_t end = all.find("\r\n", at);
      if (end == std::string_view::npos) return std::nullopt;
      REQUIRE(all[at] == mark);
      const auto value =
          std::strtoull(std::string(all.substr(at + 1, end - at - 1)).c_str(), nullptr, 10);
      at = end + 2;
      return value;
    };
    if (at >= all.size()) return std::nullopt;
    const auto count = number('*');
    Words words;
    for (std::size_t k = 0; count && k < *count; ++k) {
      const auto size = at < all.size() ? number('$') : std::nullopt;
      if (!size || at + *size + 2 > all.size()) return std::nullopt;
      words.emplace_back(all.substr(at, *size));
      at += *size + 2;
    }
    if (!count) return std::nullopt;
    read_[i] = at;
    return words;
  }

  std::vector<std::size_t> read_;  // bytes of each connection
};

}  // namespace store_test
