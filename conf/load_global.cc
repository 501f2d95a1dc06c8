// The section Global: see load_global.h.
//
// Every default is in config.h: a key that is absent leaves its field unchanged.
#include "conf/load_global.h"

#include <utility>

#include "conf/load_access_log.h"
#include "conf/load_clients.h"
#include "conf/load_lint.h"
#include "conf/load_pages.h"
#include "conf/load_session_store.h"

namespace conf {

namespace {

void load_text(const Section& section, std::string_view key, std::optional<std::string>& text,
               Position& where) {
  const Section::Member* member = section.find(key);
  if (member == nullptr) return;
  text = member->value->text;
  where = member->value->where;
}

void load_secrets(const Section& section, Global& global, Diagnostics& diagnostics) {
  for (const Node* item : section.items("Secret")) {
    if (global.secrets.size() == kMostSecrets) {
      diagnostics.error(item->where,
                        "a third file in `Secret`, expected at most two: the one that makes keys, "
                        "and one that is still or already recognised");
      return;
    }
    global.secrets.push_back({item->text, item->where});
  }
}

}  // namespace

void load_global(const Section& section, Global& global, Diagnostics& diagnostics) {
  load_lint(section, diagnostics);
  global.where = section.where();
  load_text(section, "User", global.user, global.user_where);
  load_text(section, "Group", global.group, global.group_where);
  load_text(section, "RootJail", global.root_jail, global.root_jail_where);
  load_secrets(section, global, diagnostics);
  global.session_store = load_session_store(section, diagnostics);
  global.error_pages = load_error_pages(section);
  global.workers = static_cast<unsigned>(section.number("Workers", global.workers));
  if (const Section::Member* member = section.find("MaxSessions"))
    global.max_sessions_where = member->value->where;
  if (const Section::Member* member = section.find("MaxLimits"))
    global.max_limits_where = member->value->where;
  global.max_sessions = static_cast<unsigned>(section.number("MaxSessions", global.max_sessions));
  global.max_limits = static_cast<unsigned>(section.number("MaxLimits", global.max_limits));
  global.buffer_memory = static_cast<std::uint64_t>(
      section.number("BufferMemory", static_cast<std::int64_t>(global.buffer_memory)));
  global.grace = std::chrono::seconds(section.number("Grace", global.grace.count()));
  global.alive = std::chrono::seconds(section.number("Alive", global.alive.count()));
  global.log_facility = section.choice("LogFacility", global.log_facility);
  if (const Section::Member* member = section.find("LogSocket")) {
    global.log_socket = member->value->text;
  }
  if (auto log = load_access_log(section, diagnostics)) global.access_log = std::move(*log);
  if (auto name = load_request_id(section, global.request_id_where, diagnostics))
    global.request_id = std::move(*name);
  global.trusted_proxies = load_trusted_proxies(section, diagnostics);
  const Section::Member* const trusted = section.find("TrustedProxies");
  if (trusted != nullptr && trusted->value->children.empty() && trusted->items.empty()) {
    diagnostics.error(trusted->value->where,
                      "`TrustedProxies` is an empty list; leave it out if no proxy is trusted");
  }
  if (const auto field = load_client_field(section, diagnostics)) global.client_field = *field;
}

}  // namespace conf
