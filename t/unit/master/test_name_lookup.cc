// Look-ups in a child, with a resolver of the test's own for names that end with ".test".
#include "master/name_lookup.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "t/unit/master/told.h"

using master::NameLookup;
using worker::net::Name;

namespace {

// A list that the C library's freeaddrinfo(3) can free: a block of memory for each address.
addrinfo* addresses(const std::vector<unsigned>& last_parts, const char* port) {
  addrinfo* list = nullptr;
  for (auto part = last_parts.rbegin(); part != last_parts.rend(); ++part) {
    auto* const one =
        static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_in)));
    auto* const address = reinterpret_cast<sockaddr_in*>(one + 1);
    address->sin_family = AF_INET;
    address->sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + *part);
    one->ai_family = AF_INET;
    one->ai_addrlen = sizeof *address;
    one->ai_addr = reinterpret_cast<sockaddr*>(address);
    one->ai_next = list;
    list = one;
  }
  return list;
}

std::string text_of(const worker::net::Resolved& resolved) {
  std::string text = resolved.error;
  for (const auto& one : resolved.addresses) text += worker::net::host_port_text(one) + " ";
  return text;
}

NameLookup look_up(std::vector<Name> names) { return NameLookup(std::move(names)); }

}  // namespace

// Takes the place of the C library's function in this program. "hang" never returns, "die" ends the
// process, "none" has no address, "port" has none with the port that was asked for, a number is the
// number of addresses, and told.h has those of "told".
extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints,
                           addrinfo** found) {
  const std::string_view name(host);
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool is_ours = name.ends_with(".test") && (hints->ai_flags & AI_NUMERICHOST) == 0;
  if (!is_ours) return real(host, port, hints, found);
  if (name == "hang.test") {
    while (true) ::pause();
  }
  if (name == "die.test") ::_exit(1);
  if (name == "none.test") return EAI_NONAME;
  if (name == "port.test") port = "81";
  std::vector<unsigned> parts = told;
  if (name != "told.test") {
    parts.resize(static_cast<unsigned>(std::max(std::atoi(host), 1)));
    std::iota(parts.begin(), parts.end(), 1u);
  }
  if (parts.empty()) return EAI_NONAME;
  *found = addresses(parts, port);
  return 0;
}

TEST_CASE("name lookup: numeric addresses need no child") {
  const NameLookup lookup = look_up({{"192.0.2.7", 80, false}, {"::1", 81, true}});
  CHECK(lookup.is_done());
  CHECK(lookup.fd() == -1);
  CHECK(lookup.due_ms() == master::kNever);
  CHECK(text_of(lookup.answers()[0]) == "192.0.2.7:80 ");
  CHECK(text_of(lookup.answers()[1]) == "[::1]:81 ");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("name lookup: each name has its own answer, and at most 32 addresses") {
  NameLookup lookup = look_up({{"3.test", 80, false},
                               {"none.test", 80, false},
                               {"33.test", 90, false},
                               {"127.0.0.9", 80, false},
                               {"1.test", 70, true},
                               {"port.test", 80, false}});
  lookup.wait();
  REQUIRE(lookup.is_done());
  CHECK(text_of(lookup.answers()[0]) == "127.0.0.1:80 127.0.0.2:80 127.0.0.3:80 ");
  CHECK(text_of(lookup.answers()[1]) == ::gai_strerror(EAI_NONAME));
  CHECK(lookup.answers()[2].addresses.size() == 32);
  CHECK(text_of(lookup.answers()[3]) == "127.0.0.9:80 ");
  CHECK(text_of(lookup.answers()[4]) == "127.0.0.1:70 ");
  CHECK(text_of(lookup.answers()[5]) == "no usable address");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // wait() has reaped the child
}

TEST_CASE(
    "name lookup: a name that hangs costs no other name its answer, and the deadline ends it") {
  std::vector<Name> names(300, {"1.test", 80, false});
  names.front().host = "hang.test";
  NameLookup lookup = look_up(std::move(names));
  const std::uint64_t deadline = lookup.due_ms();
  for (std::size_t i = 1; i < 300; ++i) {
    while (lookup.answers()[i].addresses.empty()) {
      pollfd polled{lookup.fd(), POLLIN, 0};
      REQUIRE(::poll(&polled, 1, 30'000) == 1);
      lookup.read();
    }
  }
  CHECK_FALSE(lookup.is_done());
  lookup.expire(deadline - 1);
  CHECK_FALSE(lookup.is_done());
  lookup.expire(deadline);
  CHECK(lookup.is_done());
  CHECK(lookup.due_ms() == master::kNever);
  CHECK(text_of(lookup.answers()[0]) == "no answer within 5 s");
  ::waitpid(-1, nullptr, 0);
}

TEST_CASE("name lookup: a child that ends early leaves errors") {
  NameLookup lookup = look_up({{"die.test", 80, false}});
  lookup.wait();
  CHECK(text_of(lookup.answers()[0]) == "the process that looks names up ended early");
}

TEST_CASE("name lookup: its end takes the child with it") {
  { const NameLookup lookup = look_up({{"hang.test", 80, false}}); }
  int status = 0;
  // The child is killed; unless the destructor reaped it already, this does.
  const pid_t reaped = ::waitpid(-1, &status, 0);
  CHECK((reaped == -1 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)));
}
