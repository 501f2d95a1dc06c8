// Tests of auth/htpasswd: good files, and each fault with its line, its column and what is
// expected.
#include "worker/auth/htpasswd.h"

#include <doctest/doctest.h>

#include <string>

using worker::auth::read_users;
using worker::auth::Users;

namespace {

const std::string kBcrypt = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string kSha256 = "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.";
const std::string kApr1 = "$apr1$abcdefgh$82JubPF2dQkt1tVfvLnXS.";
const std::string kSha512 = "$6$saltstring$" + std::string(86, 'a');

// "LINE:COLUMN: MESSAGE" of the only fault, or "" for none.
std::string fault(const std::string& text) {
  const Users users = read_users(text);
  if (users.faults.empty()) return "";
  CHECK(users.faults.size() == 1);
  const auto& one = users.faults.front();
  return std::to_string(one.line) + ":" + std::to_string(one.column) + ": " + one.message;
}

constexpr char kKinds[] =
    "; expected bcrypt ($2y$), SHA-256 or SHA-512 crypt ($5$, $6$) or $apr1$, as `htpasswd -B` "
    "makes it";

std::string bcrypt_of_cost(const std::string& cost) { return "$2y$" + cost + kBcrypt.substr(6); }

}  // namespace

TEST_CASE("htpasswd: users are found by their whole name") {
  const std::string text = "# staff\n\nbob:" + kBcrypt + "\nalice:" + kSha256 + "\r\n" +
                           "a b\xc3\xa4:" + kApr1 + "\n#carl:x\nzoe:" + kSha512;
  const Users users = read_users(text);
  CHECK(users.faults.empty());
  CHECK(users.all.size() == 4);
  REQUIRE(users.find("bob") != nullptr);
  CHECK(users.find("bob")->hash == kBcrypt);
  CHECK(users.find("alice")->hash == kSha256);
  CHECK(users.find("a b\xc3\xa4")->hash == kApr1);
  CHECK(users.find("zoe")->hash == kSha512);
  for (const char* const name : {"", "bo", "bobb", "Bob", "carl", "#carl", "zoe "}) {
    CHECK(users.find(name) == nullptr);
  }
  CHECK(read_users("").all.empty());
  CHECK(read_users("\n\n#\n").faults.empty());
}

TEST_CASE("htpasswd: each kind of hash that is taken") {
  for (const std::string& hash :
       {kBcrypt, "$2a$" + kBcrypt.substr(4), "$2b$" + kBcrypt.substr(4), kSha256, kSha512, kApr1,
        "$5$rounds=1000$s$" + std::string(43, '.'), "$6$rounds=5000000$s$" + std::string(86, '/'),
        bcrypt_of_cost("16")}) {
    CAPTURE(hash);
    CHECK(fault("u:" + hash) == "");
  }
}

TEST_CASE("htpasswd: what is no hash that protects a password") {
  for (const char* const hash : {"secret", "", "{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=", "rqXexS6ZhobKA",
                                 "$1$abc$def", "$y$j9T$abc$def", "!", "*"}) {
    CAPTURE(hash);
    const std::string found = fault("\nuser:" + std::string(hash) + "\n");
    CHECK(found.starts_with("2:6: this user has "));
    CHECK(found.ends_with(kKinds));
    if (*hash != '\0') CHECK(found.find(hash) == found.npos);
  }
  CHECK(fault("u:secret") ==
        std::string("1:3: this user has a password in plain text or a DES hash") + kKinds);
  CHECK(fault("u:{SSHA}x") == std::string("1:3: this user has a hash such as {SHA}") + kKinds);
  CHECK(fault("u:") == std::string("1:3: this user has no password") + kKinds);
}

TEST_CASE("htpasswd: damaged hashes") {
  const std::string damaged_bcrypt =
      "1:3: this user is a bcrypt hash that is damaged; expected 60 characters";
  CHECK(fault("u:" + kBcrypt + "x") == damaged_bcrypt);
  CHECK(fault("u:" + kBcrypt.substr(0, 59)) == damaged_bcrypt);
  CHECK(fault("u:" + kBcrypt.substr(0, 59) + "!") == damaged_bcrypt);
  CHECK(fault("u:" + bcrypt_of_cost("1x")) == damaged_bcrypt);
  CHECK(fault("u:$2y$") == damaged_bcrypt);
  for (const std::string& hash :
       {kSha256 + ".", kSha256.substr(0, 30), std::string("$5$$") + std::string(43, 'a'),
        "$5$" + std::string(17, 's') + "$" + std::string(43, 'a'), kSha512 + "/", kSha512 + ":x",
        "$6$a b$" + std::string(86, 'a'), std::string("$6$rounds=5000"), std::string("$6$")}) {
    CAPTURE(hash);
    CHECK(fault("u:" + hash).starts_with("1:3: this user is a SHA crypt hash that is damaged; "));
  }
  for (const std::string& hash :
       {kApr1 + ".", std::string("$apr1$"), "$apr1$$" + std::string(22, 'a'),
        "$apr1$123456789$" + std::string(22, 'a')}) {
    CAPTURE(hash);
    CHECK(fault("u:" + hash) ==
          "1:3: this user is an $apr1$ hash that is damaged; expected a salt of "
          "1 to 8 characters, `$` and 22 characters");
  }
}

TEST_CASE("htpasswd: hashes that would take too long, or no time") {
  CHECK(fault("u:" + bcrypt_of_cost("03")) ==
        "1:3: this user has a bcrypt cost of 3; expected 4 to 16");
  CHECK(fault("u:" + bcrypt_of_cost("17")) ==
        "1:3: this user has a bcrypt cost of 17; expected 4 to 16");
  for (const char* const rounds : {"999", "5000001", "99999999999", "x", "", "-1"}) {
    CAPTURE(rounds);
    CHECK(fault("u:$6$rounds=" + std::string(rounds) + "$s$" + std::string(86, 'a')) ==
          "1:3: this user has a number of rounds that is not allowed; expected 1000 to 5000000");
  }
}

TEST_CASE("htpasswd: lines that name no user") {
  CHECK(fault("a:" + kApr1 + "\nalice\n") == "2:1: a line without a colon; expected `USER:HASH`");
  const std::string bad_name =
      "1:1: a user name that is empty, has control bytes or is too long; expected 1 to 255 bytes";
  CHECK(fault(":" + kApr1) == bad_name);
  CHECK(fault("a\tb:" + kApr1) == bad_name);
  CHECK(fault(std::string("a\0b:", 4) + kApr1) == bad_name);
  CHECK(fault(std::string(256, 'u') + ":" + kApr1) == bad_name);
  CHECK(fault(std::string(255, 'u') + ":" + kApr1) == "");
  CHECK(fault("a:" + kApr1 + "\nb:" + kApr1 + "\na:" + kBcrypt) ==
        "3:1: this user is in line 1 already; expected each user once");
}

TEST_CASE("htpasswd: the number of users and of faults is bounded") {
  std::string text;
  for (std::size_t i = 0; i < worker::auth::kMostUsers; ++i) {
    text += "user" + std::to_string(i) + ":" + kApr1 + "\n";
  }
  CHECK(fault(text) == "");
  CHECK(fault(text + "one more:" + kApr1) == "0:0: 50001 users; expected at most 50000");
  std::string bad;
  for (int i = 0; i < 1000; ++i) bad += "x\n";
  CHECK(read_users(bad).faults.size() == 20);
}
