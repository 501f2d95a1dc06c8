// Our own responses. The built-in pages hold nothing that came from a client and fetch nothing.
#include "worker/http/error_page.h"

#include <algorithm>
#include <array>

#include "worker/http/sanitizer.h"

namespace worker::http {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr auto kPhrases = std::to_array<Phrase>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
});

constexpr int kAnyStatus = 0;

std::string page(std::string_view title) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>";
  html.append(title).append("</title></head>\n<body><h1>").append(title);
  return html.append("</h1></body>\n</html>\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found =
      std::lower_bound(kPhrases.begin(), kPhrases.end(), status,
                       [](const Phrase& phrase, int wanted) { return phrase.status < wanted; });
  return found == kPhrases.end() || found->status != status ? "Error" : found->text;
}

void write_own_response(int status, std::string_view fields, std::string_view html,
                        const OwnResponse& how, std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_phrase(status));
  out.append("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
  out.append(std::to_string(html.size())).append("\r\n").append(fields);
  if (!how.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (how.client_is_http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append(how.added).append("\r\n");
  if (!how.to_head) out.append(html);
}

ErrorPages::ErrorPages() {
  built_in_[kAnyStatus] = page("Error");
  for (const Phrase& phrase : kPhrases) {
    built_in_[phrase.status] = page(std::to_string(phrase.status).append(" ").append(phrase.text));
  }
}

void ErrorPages::set(int status, std::string html) { own_[status] = std::move(html); }

std::string_view ErrorPages::body(int status) const {
  if (const auto found = own_.find(status); found != own_.end()) return found->second;
  if (status >= 500 && status <= 599) {
    if (const auto found = own_.find(500); found != own_.end()) return found->second;
  }
  const auto found = built_in_.find(status);
  return found == built_in_.end() ? built_in_.at(kAnyStatus) : found->second;
}

void ErrorPages::write(int status, const OwnResponse& how, std::string& out) const {
  std::string allow;
  if (status == 405) allow.append("Allow: ").append(kAllowedMethods).append("\r\n");
  write_own_response(status, allow, body(status), how, out);
}

}  // namespace worker::http
