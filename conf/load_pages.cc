// See load_pages.h.
#include "conf/load_pages.h"

namespace conf {

ErrorPageFiles load_error_pages(const Section& section) {
  ErrorPageFiles pages;
  for (const Section::Member& member : section.members()) {
    if (!member.key->is_family()) continue;
    pages[static_cast<int>(member.family_number)] = {member.value->text, member.value->where};
  }
  return pages;
}

std::optional<Maintenance> load_maintenance(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* const member = service.find("Maintenance");
  if (member == nullptr) return std::nullopt;
  Maintenance made;
  if (!member->value->is(Node::Kind::mapping)) {
    made.page = {member->value->text, member->value->where};
    return made;
  }
  const Section section(maintenance_schema(), *member->value, diagnostics);
  const Section::Member* const page = section.find("Page");
  if (page == nullptr) return std::nullopt;
  made.page = {page->value->text, page->value->where};
  made.retry_after = std::chrono::seconds(section.number("RetryAfter", made.retry_after.count()));
  return made;
}

}  // namespace conf
