// Fuzzes targets and authorities.
//
// Properties: what is written of a target is one that nobody refuses, means the same bytes and is
// not changed by being written again; a redirect's location has no byte that could end it; the host
// of a valid authority is valid, and the same server as itself.
#include "t/fuzz/frame.h"
#include "worker/http/chars.h"
#include "worker/http/redirect.h"

using namespace worker::http;
using fuzz::require;

namespace {

// A '%' without two digits behind it stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && is(text[i + 1], kHexChar) &&
                        is(text[i + 2], kHexChar);
    out +=
        escape ? static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

void check_path_query(std::string_view path_query) {
  Breaches breaches;
  const Refusal refusal = judge_path_query(path_query, 0, breaches);
  require(!refusal || refusal.offset < path_query.size(), "the offset is within the target");
  if (refusal) return;
  for (const bool keep_bare : {true, false}) {
    std::string out;
    append_path_query(path_query, keep_bare, out);
    Breaches left;
    require(!judge_path_query(out, 0, left) && left.empty(), "what is written breaks no rule");
    require(decoded(out) == decoded(path_query), "it means the same bytes");
    if (keep_bare && breaches.empty()) require(out == path_query, "what is right is not touched");
    std::string again;
    append_path_query(out, keep_bare, again);
    require(again == out, "it is encoded once");
  }
}

void check_authority(std::string_view authority, std::string_view path_query) {
  if (!valid_authority(authority)) return;
  const std::string_view host = host_of(authority);
  require(!host.empty() && valid_authority(host), "the host of an authority is one");
  require(same_authority(authority, authority, true), "it is the same server as itself");
  Breaches breaches;
  if (judge_path_query(path_query, 0, breaches)) return;
  const std::string location = redirect_location({"https://", "", "", ""}, authority, path_query);
  require(location.starts_with("https://" + std::string(host) + "/"), "it leads to the host");
  for (const char c : location) require(c > ' ' && c < 0x7f, "it has no byte that could end it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  const std::size_t slash = std::min(input.find('/'), input.size());
  check_path_query(input.substr(slash));
  check_authority(input.substr(0, slash), input.substr(slash));
  return 0;
}
