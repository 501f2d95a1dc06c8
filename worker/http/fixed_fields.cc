// See fixed_fields.h.
#include "worker/http/fixed_fields.h"

#include <algorithm>
#include <array>

namespace worker::http {

namespace {

constexpr std::string_view kFrames = "says where the message ends, and only Pound writes it";
constexpr std::string_view kOneHop = "is about one connection, and only Pound writes it";
constexpr std::string_view kClient = "tells the backend about its client, and only Pound writes it";
constexpr std::string_view kHost =
    "is the host that the client has asked for, and the backend has to serve it under that name";
constexpr std::string_view kExpect = "is a question about this one request that Pound passes on";
constexpr std::string_view kDate =
    "says when the response was made, and Pound adds it if it is missing";

constexpr auto kBoth = std::to_array<FixedField>({
    {"Content-Length", kFrames},
    {"Transfer-Encoding", kFrames},
    {"Trailer", kFrames},
    {"Connection", kOneHop},
    {"Keep-Alive", kOneHop},
    {"Proxy-Connection", kOneHop},
    {"TE", kOneHop},
    {"Upgrade", kOneHop},
});

constexpr auto kInRequests = std::to_array<FixedField>({
    {"Host", kHost},
    {"Expect", kExpect},
    {"X-Forwarded-For", kClient},
    {"X-Forwarded-Proto", kClient},
    {"X-Forwarded-Host", kClient},
    {"X-Forwarded-Port", kClient},
    {"X-Real-IP", kClient},
    {"Forwarded", kClient},
});

constexpr auto kInReplies = std::to_array<FixedField>({{"Date", kDate}});

// Every name that begins so.
constexpr FixedField kTlsFields{"X-SSL-", kClient};

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(),
                    [](char a, char b) { return without_marks(a) == without_marks(b); });
}

}  // namespace

bool covers(std::string_view name, bool is_beginning, std::string_view field) {
  return begins_with(field, name) && (is_beginning || field.size() == name.size());
}

std::optional<FixedField> find_fixed_field(std::string_view name, bool is_beginning,
                                           EditedHead head) {
  const auto find = [&](const auto& table) -> std::optional<FixedField> {
    for (const FixedField& field : table) {
      if (covers(name, is_beginning, field.name)) return field;
    }
    return std::nullopt;
  };
  if (const auto found = find(kBoth)) return found;
  if (head == EditedHead::reply) return find(kInReplies);
  if (const auto found = find(kInRequests)) return found;
  if (begins_with(name, kTlsFields.name)) return kTlsFields;
  if (is_beginning && begins_with(kTlsFields.name, name)) return kTlsFields;
  return std::nullopt;
}

}  // namespace worker::http
