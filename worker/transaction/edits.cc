// What Request, Reply and Rewrite change in one request and its response: see transaction.h.
//
// The head of the request stays as it came, because services were found by it and another backend
// may need other edits. What goes out is made of it each time.
#include "worker/http/chars.h"
#include "worker/http/field_edits.h"
#include "worker/http/forwarded_fields.h"
#include "worker/http/uri.h"
#include "worker/route/changed_url.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Of a request that was refused before it was understood, host, path and query are empty.
route::TemplateValues Transaction::edit_values() const {
  const bool is_https = request_head_.empty() ? now_.tls != nullptr : now_.is_https;
  std::string_view backend;
  if (now_.backend != nullptr) backend = now_.backend->config.name;
  route::TemplateValues values{.host = http::host_of(asked_authority_),
                               .client = now_.client_ip,
                               .proto = is_https ? "https" : "http",
                               .request_id = record_.request_id,
                               .backend = backend};
  route::split_target(http::target_of(request_head_), values);
  return values;
}

// Nothing: the request goes on.
std::optional<Transaction::Flow> Transaction::rewrite_path() {
  const std::vector<conf::Rewrite>& rewrites = now_.service->config.rewrites;
  if (rewrites.empty()) return std::nullopt;
  const std::string_view target = http::target_of(request_head_);
  const std::size_t most = now_.listener->limits.request_line;
  switch (route::rewrite_target(rewrites, target, edit_values(), most, rewritten_)) {
    case route::Rewriting::none:
      rewritten_.clear();
      break;
    case route::Rewriting::done:
      break;
    case route::Rewriting::invalid:
      return fail(500, "rewrite_invalid");
  }
  return std::nullopt;
}

// Null when nothing changes.
const route::BackendEdits* Transaction::backend_edits() const {
  if (!now_.service->edits) return nullptr;
  const auto found = now_.service->edits->backends.find(&now_.backend->config);
  return found == now_.service->edits->backends.end() ? nullptr : found->second.get();
}

bool Transaction::differs_by_backend() const {
  return now_.service->edits && now_.service->edits->differs_by_backend;
}

// The head as this backend gets it; nothing when it could not be sent.
std::optional<std::string_view> Transaction::head_for_backend() {
  const route::BackendEdits* const edits = backend_edits();
  if (edits == nullptr || (edits->request.empty() && rewritten_.empty())) return request_head_;
  added_.clear();
  if (!edits->request.append_lines(edit_values(), added_)) return std::nullopt;
  std::string& head = context_.edited_head;
  head.clear();
  http::edit_request_head(request_head_, edits->request.removed(), rewritten_, added_, head);
  return head;
}

// Edits the response head. Returns what is to be added to it: `added` and new lines.
std::string_view Transaction::edit_reply(std::string_view added) {
  const route::BackendEdits* const edits = backend_edits();
  if (edits == nullptr || edits->reply.empty()) return added;
  http::remove_fields(context_.response_head.fields, edits->reply.removed());
  if (added.data() != added_.data()) added_ = added;
  if (!edits->reply.append_lines(edit_values(), added_)) record_.reason = "edit_value";
  return added_;
}

const route::HeadEdits& Transaction::answer_edits() const {
  if (now_.service != nullptr && now_.service->edits) return now_.service->edits->answers;
  return now_.listener->answer_edits;
}

// The answer keeps its own fields.
void Transaction::edit_answer(http::Answer& answer) {
  const route::HeadEdits& edits = answer_edits();
  if (edits.empty()) return;
  const auto is_own = [&answer](std::string_view name) {
    return http::equal_ignoring_case(name, "Content-Type") ||
           http::equal_ignoring_case(name, answer.field.name);
  };
  added_.clear();
  const bool is_whole = edits.append_other_lines(edit_values(), is_own, added_);
  if (!is_whole && record_.reason.empty()) record_.reason = "edit_value";
  answer.added = added_;
}

// Likewise for a document that Pound makes, whose fields are in `added_`.
void Transaction::edit_document() {
  const route::HeadEdits& edits = answer_edits();
  if (edits.empty()) return;
  const std::string own = added_;
  const auto is_own = [&own](std::string_view name) {
    bool found = false;
    http::for_each_line(own, [&](std::string_view one, std::string_view) {
      found |= http::equal_ignoring_case(one, name);
    });
    return found;
  };
  if (!edits.append_other_lines(edit_values(), is_own, added_)) record_.reason = "edit_value";
}

}  // namespace worker::transaction
