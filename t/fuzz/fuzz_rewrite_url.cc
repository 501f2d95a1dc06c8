// Fuzzes URLs of Location and Destination.
//
// The first line is what the client has asked; the rest is the URL. Properties: a URL that changes
// begins with the asked scheme and authority, ends as it did, and had exactly one of the
// authorities that may change; rewriting it again changes nothing; a Destination changes in its own
// line only, and the head has no more lines than before.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http/rewrite_url.h"
#include "worker/http/uri.h"

using namespace worker::http;

namespace {

const std::vector<std::string> kBackend{"10.0.0.1:8080", "app.internal:80", "[2001:db8::1]:443"};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_location(std::string_view url, const AskedServer& asked, bool fixes_scheme) {
  const auto made = location_for_client(url, asked, kBackend, fixes_scheme);
  if (!made) return;
  const auto before = split_web_url(url);
  const auto after = split_web_url(*made);
  require(before && after);
  require(after->authority == asked.authority && after->https == asked.https);
  require(after->rest == before->rest);
  require(valid_authority(before->authority));
  require(before->authority.find_first_of("@\\ ") == std::string_view::npos);
  const auto names_asked = [&](const std::string& one) {
    return same_authority(one, asked.authority, false) ||
           same_authority(one, asked.authority, true);
  };
  if (std::ranges::any_of(kBackend, names_asked)) return;
  require(!location_for_client(*made, asked, kBackend, fixes_scheme));
}

void check_destination(std::string_view url, const AskedServer& asked) {
  const std::string begin = "COPY / HTTP/1.1\r\nHost: a\r\nDestination: ";
  std::string head = begin + std::string(url) + "\r\nA: b\r\n\r\n";
  const std::string was = head;
  const std::size_t at = aim_destination(head, asked, "inner:81");
  if (at == 0) return require(head == was);
  require(at == begin.size());
  for (const bool https : {false, true, true, false}) {
    set_destination_scheme(head, at, https);
    const auto before = split_web_url(url);
    require(head == begin + (https ? "https" : "http") + "://inner:81" + std::string(before->rest) +
                        "\r\nA: b\r\n\r\n");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  std::string_view authority = bytes.substr(0, end);
  const std::string_view url = bytes.substr(std::min(end + 1, bytes.size()));
  // The parsers let none of them into a value, and only a valid authority is asked.
  if (url.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return 0;
  if (!valid_authority(authority)) authority = {};
  for (const bool https : {false, true}) {
    const AskedServer asked{.https = https, .authority = authority};
    check_location(url, asked, false);
    check_location(url, asked, true);
    check_destination(url, asked);
  }
  return 0;
}
