// Fuzzes what authentication reads: files of users, and the Authorization fields of requests.
//
// The input is a byte and a text: for an even byte a file of users, else a request head.
// Properties: users lie in the file, in order and each once, are found by their names, and have a
// hash of a kind that is taken; a fault names a line that exists and shows nothing of a hash.
// Credentials have no control byte and are within their bounds.
#include <algorithm>

#include "t/fuzz/frame.h"
#include "worker/auth/htpasswd.h"
#include "worker/http/basic.h"

using namespace worker;
using fuzz::require;

namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool is_of_known_kind(std::string_view hash) {
  for (const std::string_view prefix : {"$2a$", "$2b$", "$2y$", "$5$", "$6$", "$apr1$"}) {
    if (hash.starts_with(prefix)) return hash.size() < 160;
  }
  return false;
}

void read_file(std::string_view text) {
  const auth::Users users = auth::read_users(text);
  for (std::size_t i = 0; i < users.all.size(); ++i) {
    const auth::User& user = users.all[i];
    require(user.hash.data() + user.hash.size() <= text.data() + text.size() &&
                user.name.data() >= text.data(),
            "a user lies in the file");
    require(!user.name.empty() && user.name.size() <= http::kMaxUser && !has_control(user.name) &&
                user.name.find(':') == user.name.npos,
            "a name that a request can have");
    require(is_of_known_kind(user.hash) && !has_control(user.hash), "a hash of a known kind");
    if (users.faults.empty()) {
      require(i == 0 || users.all[i - 1].name < user.name, "in order, each once");
      require(users.find(user.name) == &user, "found by its name");
    }
  }
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const auth::LineFault& fault : users.faults) {
    require(fault.line <= lines && fault.message.size() < 200, "a line of the file");
  }
}

void read_head(std::string_view bytes) {
  const auto parsed = fuzz::parse<http::RequestHead>(bytes, bytes.size() + 1);
  if (parsed.status != http::ParseStatus::complete) return;
  std::string scratch;
  const http::BasicCredentials found = http::basic_credentials(parsed.head.fields, scratch);
  using State = http::BasicCredentials::State;
  require(found.state == State::good || (found.user.empty() && found.password.empty()),
          "nothing of bad credentials");
  require(found.user.size() <= http::kMaxUser && found.password.size() <= http::kMaxPassword,
          "within the bounds");
  require(!has_control(found.user) && !has_control(found.password) &&
              found.user.find(':') == found.user.npos,
          "no control bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  if (input.empty()) return 0;
  if (data[0] % 2 == 0) {
    read_file(input.substr(1));
  } else {
    read_head(input.substr(1));
  }
  return 0;
}
