// Chooses the page for a status: see error_page.h.
#include "worker/http/error_page.h"

#include "worker/http/html.h"
#include "worker/http/status.h"

namespace worker::http {
namespace {

constexpr int kAnyStatus = 0;
constexpr std::string_view kEndOfBody = "</body>";

}  // namespace

std::string with_request_id(std::string_view page, std::string_view request_id) {
  std::string id;
  append_html(request_id.empty() ? "-" : request_id, id);
  std::string made;
  std::size_t done = 0;
  for (std::size_t at = 0; (at = page.find(kIdMark, done)) != page.npos;) {
    made.append(page.substr(done, at - done)).append(id);
    done = at + kIdMark.size();
  }
  if (done == 0) return {};
  return made.append(page.substr(done));
}

ErrorPages::ErrorPages() {
  built_in_[kAnyStatus] = answer_page("Error");
  for (const auto& [status, phrase] : known_statuses()) {
    built_in_[status] = answer_page(std::to_string(status).append(" ").append(phrase));
  }
}

void OwnPages::set(int status, PageText html) { pages_[status] = std::move(html); }

const std::string* OwnPages::find(int status) const {
  if (const auto found = pages_.find(status); found != pages_.end()) return found->second.get();
  if (status < 500 || status > 599) return nullptr;
  const auto found = pages_.find(500);
  return found != pages_.end() ? found->second.get() : nullptr;
}

// Null: there is none.
const std::string* ErrorPages::own_page(int status, const PageLevels& levels) const {
  for (const OwnPages* const level : {levels.service, levels.listener, &own_}) {
    if (level == nullptr) continue;
    if (const std::string* const found = level->find(status)) return found;
  }
  return nullptr;
}

std::string_view ErrorPages::body(int status, const PageLevels& levels) const {
  if (const std::string* const own = own_page(status, levels)) return *own;
  const auto found = built_in_.find(status);
  return found == built_in_.end() ? built_in_.at(kAnyStatus) : found->second;
}

std::string ErrorPages::body_with_id(int status, std::string_view request_id,
                                     const PageLevels& levels) const {
  if (const std::string* const own = own_page(status, levels)) {
    return with_request_id(*own, request_id);
  }
  if (request_id.empty()) return {};
  std::string page(body(status));
  std::string line = "<p>Request ID: ";
  append_html(request_id, line);
  page.insert(page.find(kEndOfBody), line.append("</p>"));
  return page;
}

Answer ErrorPages::answer(int status, std::string_view allowed_methods,
                          const PageLevels& levels) const {
  Answer answer{.status = status, .page = body(status, levels)};
  if (status == 405) answer.field = {"Allow", allowed_methods};
  return answer;
}

}  // namespace worker::http
