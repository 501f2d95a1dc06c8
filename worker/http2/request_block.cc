// From fields to a request head: see request_block.h.
//
// Faults of single fields are reported in the order of the fields, and then, in a fixed order, what
// is wrong with the head as a whole.
#include "worker/http2/request_block.h"

#include <algorithm>

#include "worker/http/chars.h"
#include "worker/http/framing.h"
#include "worker/http/uri.h"
#include "worker/http2/field_rules.h"

namespace worker::http2 {
namespace {

using http::Field;
using http::FieldId;
using http::Reason;
using http::Refusal;

constexpr std::string_view kVersion = "HTTP/2.0";
constexpr std::string_view kWebSocketKey = "sec-websocket-key";

// A view without an initializer, since a head has room for many.
struct Part {
  const char* data;
  std::size_t size;
};

// The text never grows beyond this, so that the views into it stay: the lines, the joined cookie,
// the start of a field that is too long, the key of a WebSocket and the request line.
std::size_t most_text(const http::Limits& limits) {
  constexpr std::size_t kRoom = 1024;
  return 2 * limits.head + limits.request_line + kRoom;
}

void append_base64(std::string& out, const std::array<std::uint8_t, 16>& bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? unsigned{bytes[at]} : 0u; };
    const unsigned word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out.push_back(kAlphabet[word >> 18]);
    out.push_back(kAlphabet[word >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? kAlphabet[word >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? kAlphabet[word & 63] : '=');
  }
}

class HeadBuilder final : public FieldSink {
 public:
  HeadBuilder(RequestBlock& request, const http::Limits& limits, std::string& text,
              http::RequestHead& head)
      : request_(request), limits_(limits), text_(text), head_(head) {}

  bool on_field(std::string_view name, std::string_view value) override {
    if (refusal_) return collect(name, value);
    refusal_ = take(name, value);
    const bool is_cut =
        refusal_.reason == Reason::head_too_long || refusal_.reason == Reason::fields_too_many;
    head_.has_all_fields = !is_cut;
    return !is_cut;
  }

  // The verdict on the whole head, when all fields have been taken.
  Refusal finish() {
    if (!refusal_) {
      head_.has_all_fields = true;
      refusal_ = judge_whole();
    }
    head_.bytes = text_;
    head_.size = text_.size();
    make_line();
    return refusal_;
  }

 private:
  struct Pseudo {
    std::string_view method, scheme, path, authority, protocol;  // without data: absent
  };

  std::size_t at(std::string_view part) const { return http::offset_in(text_, part); }
  Refusal take(std::string_view name, std::string_view value);
  bool collect(std::string_view name, std::string_view value);
  Refusal take_pseudo(const Line& line);
  Refusal take_authority(std::string_view value);
  Refusal take_regular(const Line& line);
  Refusal take_host(const Field& field);
  Refusal add(const Field& field);
  Refusal judge_whole();
  Refusal judge_pseudo();
  Refusal judge_connect();
  Refusal judge_path();
  Refusal add_cookie();
  Refusal add_websocket_key();
  void make_line();

  RequestBlock& request_;
  const http::Limits& limits_;
  std::string& text_;
  http::RequestHead& head_;
  Refusal refusal_;
  Pseudo pseudo_;
  std::size_t bytes_ = 0;   // of all fields so far, as MaxHeader counts them
  std::size_t fields_ = 0;  // as MaxHeaders counts them
  bool has_regular_ = false;
  bool has_host_ = false;  // a field of that name, not only :authority
  std::size_t crumbs_size_ = 0;
  std::array<Part, http::kFieldCapacity> crumbs_;  // values of Cookie
};

Refusal HeadBuilder::take(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_.head) {
    // Only as much of it as a log shows.
    const Line start = append_line(text_, name.substr(0, http::kMaxExcerpt), {});
    return {Reason::head_too_long, at(start.name)};
  }
  if (name.starts_with(':')) {
    // Pound tells the backend of :authority by Host.
    const bool is_authority = name == ":authority";
    return take_pseudo(append_line(text_, is_authority ? "host" : name, value));
  }
  has_regular_ = true;
  return take_regular(append_line(text_, name, value));
}

// Behind a fault: who sent the request is still of interest. False when there is too much.
bool HeadBuilder::collect(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  head_.has_all_fields = bytes_ <= limits_.head;
  if (!head_.has_all_fields || name.starts_with(':')) return head_.has_all_fields;
  Field field;
  const bool is_field = !judge_line(text_, append_line(text_, name, value), field);
  const bool is_one = field.id == FieldId::host || field.id == FieldId::cookie;
  if (is_field && !is_one) head_.has_all_fields = head_.fields.add(field);
  return head_.has_all_fields;
}

Refusal HeadBuilder::take_pseudo(const Line& line) {
  std::string_view* part = nullptr;
  if (line.name == ":method") part = &pseudo_.method;
  if (line.name == ":scheme") part = &pseudo_.scheme;
  if (line.name == ":path") part = &pseudo_.path;
  if (line.name == "host") part = &pseudo_.authority;
  if (line.name == ":protocol" && request_.may_connect) part = &pseudo_.protocol;
  const std::size_t offset = at(line.name);
  if (part == nullptr) return {Reason::h2_pseudo_unknown, offset};
  if (has_regular_) return {Reason::h2_pseudo_late, offset};
  if (part->data() != nullptr) return {Reason::h2_pseudo_many, offset};
  if (const Refusal refusal = judge_value(text_, line.value)) return refusal;
  *part = line.value;
  if (part == &pseudo_.authority) return add({line.name, line.value, FieldId::host, true});
  if (part == &pseudo_.method && !http::is_token(line.value)) {
    return {Reason::method_invalid, at(line.value)};
  }
  return {};
}

Refusal HeadBuilder::take_regular(const Line& line) {
  Field field;
  if (const Refusal refusal = judge_line(text_, line, field)) return refusal;
  if (const Reason reason = judge_hop(field); reason != Reason::none) {
    return {reason, at(field.name)};
  }
  switch (field.id) {
    case FieldId::host:
      return take_host(field);
    case FieldId::cookie:
      if (++fields_ > limits_.fields || crumbs_size_ == crumbs_.size()) {
        return {Reason::fields_too_many, at(field.name)};
      }
      crumbs_[crumbs_size_++] = {field.value.data(), field.value.size()};
      return {};
    case FieldId::other:
      if (field.name == "priority") {
        parse_priority_field(field.value, request_.urgency, request_.incremental);
      } else if (pseudo_.protocol.data() != nullptr && field.name == kWebSocketKey) {
        return ++fields_ > limits_.fields ? Refusal{Reason::fields_too_many, at(field.name)}
                                          : Refusal{};  // Pound makes its own
      }
      return add(field);
    default:
      return add(field);
  }
}

// Beside :authority, Host says nothing, and must not say anything else.
Refusal HeadBuilder::take_host(const Field& field) {
  if (has_host_) return {Reason::host_many, at(field.name)};
  has_host_ = true;
  if (pseudo_.authority.data() == nullptr) return add(field);
  if (!http::same_authority(pseudo_.authority, field.value, request_.is_tls)) {
    return {Reason::host_mismatch, at(field.name)};
  }
  return ++fields_ > limits_.fields ? Refusal{Reason::fields_too_many, at(field.name)} : Refusal{};
}

Refusal HeadBuilder::add(const Field& field) {
  if (++fields_ <= limits_.fields && head_.fields.add(field)) return {};
  return {Reason::fields_too_many, at(field.name)};
}

Refusal HeadBuilder::judge_whole() {
  if (const Refusal refusal = judge_pseudo()) return refusal;
  if (const Refusal refusal = judge_path()) return refusal;
  if (const Refusal refusal = add_cookie()) return refusal;
  if (request_.is_websocket) {
    if (const Refusal refusal = add_websocket_key()) return refusal;
  }
  head_.has_content = !request_.is_ended && !request_.is_websocket;
  if (!head_.fields.has(FieldId::content_length)) return {};
  head_.bytes = text_;
  http::Framing framing;
  return http::request_framing(head_, framing);
}

Refusal HeadBuilder::judge_pseudo() {
  const bool is_connect = pseudo_.method == "CONNECT";
  const bool is_extended = pseudo_.protocol.data() != nullptr;
  if (pseudo_.method.data() == nullptr) return {Reason::h2_pseudo_missing};
  if (is_connect && !is_extended) return judge_connect();
  if (is_extended && !is_connect) return {Reason::h2_pseudo_unknown, at(pseudo_.protocol)};
  if (pseudo_.scheme.data() == nullptr || pseudo_.path.data() == nullptr) {
    return {Reason::h2_pseudo_missing};
  }
  if (!http::equal_ignoring_case(pseudo_.scheme, request_.is_tls ? "https" : "http")) {
    return {Reason::h2_scheme, at(pseudo_.scheme)};
  }
  head_.method = pseudo_.method;
  if (!is_extended) return {};
  if (!http::equal_ignoring_case(pseudo_.protocol, "websocket")) {
    return {Reason::h2_protocol, at(pseudo_.protocol)};
  }
  head_.method = "GET";
  head_.protocol = "websocket";
  request_.is_websocket = true;
  return {};
}

// RFC 9113 8.5: a CONNECT for a tunnel has :authority only.
Refusal HeadBuilder::judge_connect() {
  for (const std::string_view extra : {pseudo_.scheme, pseudo_.path}) {
    if (extra.data() != nullptr) return {Reason::h2_pseudo_unknown, at(extra)};
  }
  if (pseudo_.authority.data() == nullptr) return {Reason::h2_pseudo_missing};
  return {Reason::method_refused, at(pseudo_.method)};
}

Refusal HeadBuilder::judge_path() {
  const std::string_view path = pseudo_.path;
  const std::size_t offset = at(path);
  head_.target = head_.path_query = path;
  if (pseudo_.method.size() + path.size() + kVersion.size() + 2 > limits_.request_line) {
    return {Reason::request_line_too_long, offset};
  }
  if (path == "*" && head_.method == "OPTIONS") return {};
  if (!path.starts_with('/')) return {Reason::h2_path, offset};
  Refusal refusal = http::judge_path_query(path, offset, head_.breaches);
  // judge_value has found all control characters, so this is a blank.
  if (refusal.reason == Reason::control_char) refusal.reason = Reason::h2_path;
  return refusal;
}

// RFC 9113 8.2.3: a recipient of HTTP/1 would take several fields for several cookies.
Refusal HeadBuilder::add_cookie() {
  if (crumbs_size_ == 0) return {};
  --fields_;  // counted already
  if (crumbs_size_ == 1) {
    // The line of the only part is the line of the cookie.
    const std::string_view value(crumbs_[0].data, crumbs_[0].size);
    const std::size_t name = at(value) - 2 - std::string_view("cookie").size();
    return add({std::string_view(text_).substr(name, 6), value, FieldId::cookie, true});
  }
  const Line line = append_line(text_, "cookie", {});
  text_.resize(text_.size() - 2);
  for (std::size_t i = 0; i < crumbs_size_; ++i) {
    text_.append(i == 0 ? "" : "; ").append(crumbs_[i].data, crumbs_[i].size);
  }
  const std::string_view value =
      std::string_view(text_).substr(at(line.name) + line.name.size() + 2);
  text_.append("\r\n");
  return add({line.name, value, FieldId::cookie, true});
}

Refusal HeadBuilder::add_websocket_key() {
  std::string key;  // 24 bytes; an extended CONNECT is rare
  append_base64(key, request_.websocket_nonce);
  const Line line = append_line(text_, kWebSocketKey, key);
  return add({line.name, line.value, FieldId::other, true});
}

// As much of a request line as is known, for the log.
void HeadBuilder::make_line() {
  if (pseudo_.method.data() == nullptr) return;
  const std::size_t begin = text_.size();
  const bool has_path = pseudo_.path.data() != nullptr;
  const std::string_view target = has_path ? pseudo_.path : pseudo_.authority;
  text_.append(pseudo_.method.substr(0, limits_.request_line));
  if (target.data() != nullptr) {
    text_.append(" ").append(target.substr(0, limits_.request_line)).append(" ").append(kVersion);
  }
  head_.line = std::string_view(text_).substr(begin, limits_.request_line);
}

}  // namespace

BlockStatus decode_request(Decoder& decoder, std::string_view block, RequestBlock& request,
                           const http::Limits& limits, std::string& text, http::RequestHead& head,
                           Refusal& refusal) {
  text.clear();
  text.reserve(most_text(limits));
  head.clear(limits.fields);
  head.version = http::Version::http2;
  request.urgency = kDefaultUrgency;
  request.incremental = request.is_websocket = false;
  HeadBuilder builder(request, limits, text, head);
  if (!decoder.decode(block, builder)) return BlockStatus::compression_error;
  refusal = builder.finish();
  return refusal ? BlockStatus::refused : BlockStatus::complete;
}

}  // namespace worker::http2
