// The text of an htpasswd file: see htpasswd.h.
#include "worker/auth/htpasswd.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "worker/http/basic.h"

namespace worker::auth {
namespace {

constexpr std::size_t kMostFaults = 20;  // that are worth showing
constexpr char kExpected[] =
    "; expected bcrypt ($2y$), SHA-256 or SHA-512 crypt ($5$, $6$) or $apr1$, as `htpasswd -B` "
    "makes it";

bool is_of_crypt(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '/';
  });
}

std::optional<unsigned> number_in(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// What is wrong with a hash; empty for nothing. `rest` is what follows the prefix.
std::string fault_of_bcrypt(std::string_view rest) {
  const std::optional<unsigned> cost = number_in(rest.substr(0, 2));
  const bool is_whole = rest.size() == 56 && rest[2] == '$' && is_of_crypt(rest.substr(3));
  if (!is_whole || !cost) return "is a bcrypt hash that is damaged; expected 60 characters";
  if (*cost >= 4 && *cost <= kMostBcryptCost) return {};
  return "has a bcrypt cost of " + std::to_string(*cost) + "; expected 4 to " +
         std::to_string(kMostBcryptCost);
}

std::string fault_of_sha(std::string_view rest, std::size_t digits) {
  constexpr std::string_view kRounds = "rounds=";
  if (rest.starts_with(kRounds)) {
    const std::size_t end = std::min(rest.find('$'), rest.size());
    const std::optional<unsigned> rounds =
        number_in(rest.substr(kRounds.size(), end - kRounds.size()));
    if (!rounds || *rounds < 1000 || *rounds > kMostRounds) {
      return "has a number of rounds that is not allowed; expected 1000 to " +
             std::to_string(kMostRounds);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::size_t dollar = rest.find('$');
  const bool is_whole = dollar != rest.npos && dollar >= 1 && dollar <= 16 &&
                        is_of_crypt(rest.substr(0, dollar)) && rest.size() - dollar - 1 == digits &&
                        is_of_crypt(rest.substr(dollar + 1));
  if (is_whole) return {};
  return "is a SHA crypt hash that is damaged; expected a salt of 1 to 16 characters, `$` and " +
         std::to_string(digits) + " characters";
}

std::string fault_of_apr1(std::string_view rest) {
  const std::size_t dollar = rest.find('$');
  const bool is_whole = dollar != rest.npos && dollar >= 1 && dollar <= 8 &&
                        is_of_crypt(rest.substr(0, dollar)) && rest.size() - dollar - 1 == 22 &&
                        is_of_crypt(rest.substr(dollar + 1));
  if (is_whole) return {};
  return "is an $apr1$ hash that is damaged; expected a salt of 1 to 8 characters, `$` and 22 "
         "characters";
}

std::string fault_of_hash(std::string_view hash) {
  for (const std::string_view prefix : {"$2a$", "$2b$", "$2y$"}) {
    if (hash.starts_with(prefix)) return fault_of_bcrypt(hash.substr(prefix.size()));
  }
  if (hash.starts_with("$5$")) return fault_of_sha(hash.substr(3), 43);
  if (hash.starts_with("$6$")) return fault_of_sha(hash.substr(3), 86);
  if (hash.starts_with("$apr1$")) return fault_of_apr1(hash.substr(6));
  if (hash.empty()) return "has no password" + std::string(kExpected);
  if (hash.starts_with("{")) return "has a hash such as {SHA}" + std::string(kExpected);
  if (hash.starts_with("$")) return "has a hash of another kind" + std::string(kExpected);
  return "has a password in plain text or a DES hash" + std::string(kExpected);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

struct Line {
  User user;
  std::size_t number = 0;
};

class Reader {
 public:
  explicit Reader(Users& users) : users_(users) {}

  void take(std::string_view line, std::size_t number) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') return;
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return fault(number, 1, "a line without a colon; expected `USER:HASH`");
    const User user{line.substr(0, colon), line.substr(colon + 1)};
    if (user.name.empty() || user.name.size() > http::kMaxUser || has_control(user.name)) {
      return fault(number, 1,
                   "a user name that is empty, has control bytes or is too long; expected 1 to " +
                       std::to_string(http::kMaxUser) + " bytes");
    }
    if (std::string wrong = fault_of_hash(user.hash); !wrong.empty()) {
      return fault(number, colon + 2, "this user " + wrong);
    }
    lines_.push_back({user, number});
  }

  void finish() {
    std::stable_sort(lines_.begin(), lines_.end(), [](const Line& one, const Line& other) {
      return one.user.name < other.user.name;
    });
    for (std::size_t i = 1; i < lines_.size(); ++i) {
      if (lines_[i].user.name != lines_[i - 1].user.name) continue;
      fault(lines_[i].number, 1,
            "this user is in line " + std::to_string(lines_[i - 1].number) +
                " already; expected each user once");
    }
    if (lines_.size() > kMostUsers) {
      fault(
          0, 0,
          std::to_string(lines_.size()) + " users; expected at most " + std::to_string(kMostUsers));
    }
    for (const Line& line : lines_) users_.all.push_back(line.user);
  }

 private:
  void fault(std::size_t line, std::size_t column, std::string message) {
    if (users_.faults.size() < kMostFaults) {
      users_.faults.push_back({line, column, std::move(message)});
    }
  }

  Users& users_;
  std::vector<Line> lines_;
};

}  // namespace

const User* Users::find(std::string_view name) const {
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const User& user, std::string_view wanted) { return user.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

Users read_users(std::string_view text) {
  Users users;
  Reader reader(users);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.take(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  reader.finish();
  return users;
}

}  // namespace worker::auth
