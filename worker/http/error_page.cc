// Chooses the page for a status: see error_page.h.
#include "worker/http/error_page.h"

#include "worker/http/status.h"

namespace worker::http {
namespace {

constexpr int kAnyStatus = 0;

}  // namespace

ErrorPages::ErrorPages() {
  built_in_[kAnyStatus] = answer_page("Error");
  for (const auto& [status, phrase] : known_statuses()) {
    built_in_[status] = answer_page(std::to_string(status).append(" ").append(phrase));
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

Answer ErrorPages::answer(int status, std::string_view allowed_methods) const {
  Answer answer{.status = status, .page = body(status)};
  if (status == 405) answer.field = {"Allow", allowed_methods};
  return answer;
}

}  // namespace worker::http
