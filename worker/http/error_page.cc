// Chooses the page for a status: see error_page.h.
#include "worker/http/error_page.h"

#include "worker/http/html.h"
#include "worker/http/status.h"

namespace worker::http {
namespace {

constexpr int kAnyStatus = 0;
constexpr std::string_view kEndOfBody = "</body>";

}  // namespace

ErrorPages::ErrorPages() {
  built_in_[kAnyStatus] = answer_page("Error");
  for (const auto& [status, phrase] : known_statuses()) {
    built_in_[status] = answer_page(std::to_string(status).append(" ").append(phrase));
  }
}

void ErrorPages::set(int status, std::string html) { own_[status] = std::move(html); }

// Null: there is none.
const std::string* ErrorPages::own_page(int status) const {
  if (const auto found = own_.find(status); found != own_.end()) return &found->second;
  if (status < 500 || status > 599) return nullptr;
  const auto found = own_.find(500);
  return found != own_.end() ? &found->second : nullptr;
}

std::string_view ErrorPages::body(int status) const {
  if (const std::string* const own = own_page(status)) return *own;
  const auto found = built_in_.find(status);
  return found == built_in_.end() ? built_in_.at(kAnyStatus) : found->second;
}

std::string ErrorPages::body_with_id(int status, std::string_view request_id) const {
  const std::string_view page = body(status);
  const bool is_own = own_page(status) != nullptr;
  std::string id;
  append_html(request_id, id);
  std::string made;
  std::size_t done = 0;
  const auto insert = [&](std::size_t at, std::string_view text, std::size_t instead_of) {
    made.append(page.substr(done, at - done)).append(text);
    done = at + instead_of;
  };
  if (!is_own) {
    if (id.empty()) return {};
    insert(page.find(kEndOfBody), "<p>Request ID: " + id + "</p>", 0);
  }
  for (std::size_t at = 0; is_own && (at = page.find(kIdMark, done)) != page.npos;) {
    insert(at, id.empty() ? "-" : std::string_view(id), kIdMark.size());
  }
  if (done == 0) return {};
  return made.append(page.substr(done));
}

Answer ErrorPages::answer(int status, std::string_view allowed_methods) const {
  Answer answer{.status = status, .page = body(status)};
  if (status == 405) answer.field = {"Allow", allowed_methods};
  return answer;
}

}  // namespace worker::http
