// What Request, Reply and Rewrite may change: see check_edits.h.
#include "worker/route/check_edits.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http/fixed_fields.h"
#include "worker/http/uri.h"

namespace worker::route {

namespace {

using http::EditedHead;
using http::FixedField;

constexpr std::string_view kHsts = "Strict-Transport-Security";

std::string in_code(std::string_view text) { return "`" + conf::shown(text) + "`"; }

// The fields that only some listeners make fixed.
struct Fixed {
  std::vector<FixedField> in_requests;
  std::vector<FixedField> in_replies;
};

void add_fixed(const conf::Config& config, const conf::Listener& listener, Fixed& fixed) {
  const std::string_view id = listener.request_id ? *listener.request_id : config.global.request_id;
  if (!id.empty()) {
    fixed.in_requests.push_back({id, "has the id of the request, by `RequestID`"});
  }
  const std::string_view client =
      listener.client_field ? *listener.client_field : config.global.client_field;
  if (!client.empty()) {
    fixed.in_requests.push_back({client, "names the client, by `ClientField`"});
  }
  if (listener.tls && listener.tls->hsts.count() != 0) {
    fixed.in_replies.push_back({kHsts, "comes from the listener's `HSTS`"});
  }
}

class Checker {
 public:
  explicit Checker(conf::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void check(const conf::Edits& edits, const Fixed& fixed) {
    check_one(edits.request, EditedHead::request, fixed.in_requests);
    check_one(edits.reply, EditedHead::reply, fixed.in_replies);
  }

  void check(const conf::Rewrite& rewrite) {
    for (const conf::TemplatePart& part : rewrite.to.parts) check_text(part.text, rewrite.where);
  }

 private:
  void check_one(const conf::FieldEdits& edits, EditedHead head,
                 const std::vector<FixedField>& fixed) {
    for (const auto& name : edits.remove) {
      check_name(name.text, name.is_beginning, name.where, head, fixed);
    }
    for (const auto* lines : {&edits.set, &edits.add}) {
      for (const auto& line : *lines) check_name(line.name, false, line.where, head, fixed);
    }
  }

  void check_name(const std::string& name, bool is_beginning, const conf::Position& where,
                  EditedHead head, const std::vector<FixedField>& fixed) {
    std::optional<FixedField> found = http::find_fixed_field(name, is_beginning, head);
    for (const FixedField& field : fixed) {
      if (!found && http::covers(name, is_beginning, field.name)) found = field;
    }
    if (!found) return;
    const std::string why(found->why);
    if (is_beginning) {
      diagnostics_.error(where, in_code(name + "*") + " cannot be removed: it covers " +
                                    in_code(found->name) + ", which " + why);
    } else {
      diagnostics_.error(where, in_code(name) + " cannot be edited: it " + why);
    }
  }

  void check_text(const std::string& text, const conf::Position& where) {
    const std::size_t mark = text.find_first_of("?#");
    if (mark != std::string::npos) {
      diagnostics_.error(where, "`To` has " + in_code(text.substr(mark, 1)) +
                                    "; Rewrite changes the path only, and the query stays");
      return;
    }
    http::Breaches breaches;
    http::Refusal refusal = http::judge_path_query(text, 0, breaches);
    if (!refusal) refusal = breaches.refusal({});
    if (!refusal) return;
    const bool is_percent = refusal.reason == http::Reason::percent_encoding;
    diagnostics_.error(where, is_percent
                                  ? "`To` has a % that two hexadecimal digits do not follow"
                                  : "`To` has " + in_code(text.substr(refusal.offset, 1)) +
                                        ", which must be written as % and two hexadecimal digits");
  }

  conf::Diagnostics& diagnostics_;
};

}  // namespace

void check_edits(const conf::Config& config, conf::Diagnostics& diagnostics) {
  Checker checker(diagnostics);
  Fixed everywhere;  // a backend may be one of any service
  for (const conf::Listener& listener : config.listeners) {
    add_fixed(config, listener, everywhere);
    Fixed here;
    add_fixed(config, listener, here);
    checker.check(listener.edits, here);
    for (const conf::Service& service : listener.services) {
      checker.check(service.edits, here);
      for (const conf::Rewrite& rewrite : service.rewrites) checker.check(rewrite);
    }
  }
  for (const conf::Backend& backend : config.backends) checker.check(backend.edits, everywhere);
}

}  // namespace worker::route
