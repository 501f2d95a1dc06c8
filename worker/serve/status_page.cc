// See status_page.h.
#include "worker/serve/status_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "shm/status_problems.h"
#include "worker/http/date.h"
#include "worker/http/html.h"
#include "worker/serve/page_files.h"

namespace worker::serve {
namespace {

constexpr std::size_t kMostProblems = 20;

// A column of a table. The script reads `key`, `format` and `rate` from the heading.
struct Column {
  std::string_view key;
  std::string_view heading;
  std::string_view format = "text";  // text, setter, plain, count, limit, seconds, ms, percent
  std::string_view rate = {};        // the counter whose gain per second the script shows
};

struct Table {
  std::string_view kind;    // of its objects
  std::string_view member;  // of status.json
  std::string_view title;
  std::span<const Column> columns;
};

constexpr auto kBackendColumns = std::to_array<Column>({
    {"name", "Backend"},
    {"state", "State"},
    {"reason", "Reason"},
    {"since_s", "For", "seconds"},
    {"admin", "Admin"},
    {"", "Requests/s", "rate", "requests"},
    {"in_flight", "In flight", "count"},
    {"limit", "Limit", "limit"},
    {"waiting", "Waiting", "count"},
    {"p50_ms", "p50, ms", "ms"},
    {"p99_ms", "p99, ms", "ms"},
    {"failures", "Failures", "count"},
    {"requests", "Requests", "count"},
    {"check", "Last check"},
    {"share", "Share", "percent"},
    {"admin_by", "Admin by", "setter"},
    {"admin_since_s", "Admin for", "seconds"},
    {"address", "Address"},
});
constexpr auto kServiceColumns = std::to_array<Column>({
    {"name", "Service"},
    {"", "Requests/s", "rate", "requests"},
    {"requests", "Requests", "count"},
    {"status_4xx", "4xx", "count"},
    {"status_5xx", "5xx", "count"},
    {"sessions", "Sessions", "count"},
    {"strangers", "Strangers", "count"},
    {"retries", "Retries", "count"},
    {"retries_refused", "Retries refused", "count"},
});
constexpr auto kListenerColumns = std::to_array<Column>({
    {"address", "Listener"},
    {"", "Requests/s", "rate", "requests"},
    {"in_service", "In service", "count"},
    {"limit", "Limit", "limit"},
    {"waiting", "Waiting", "count"},
    {"streams", "Streams", "count"},
    {"max_streams", "Most streams", "limit"},
    {"refused", "Refused", "count"},
    {"connections", "Connections", "count"},
    {"requests", "Requests", "count"},
    {"status_4xx", "4xx", "count"},
    {"status_5xx", "5xx", "count"},
});
constexpr auto kLimitColumns = std::to_array<Column>({
    {"of", "Limit of"},
    {"number", "Number", "plain"},
    {"key", "Key"},
    {"mode", "Mode"},
    {"", "Over/s", "rate", "over"},
    {"over", "Over", "count"},
    {"connections_over", "Connections over", "count"},
    {"passed", "Passed", "count"},
});
constexpr auto kCertificateColumns = std::to_array<Column>({
    {"of", "Certificate of"},
    {"name", "Name"},
    {"expires_in_s", "Expires in", "seconds"},
    {"file", "File"},
});
constexpr auto kClientColumns = std::to_array<Column>({
    {"address", "Client"},
    {"over", "Over limits", "count"},
    {"over_error", "At most too many", "count"},
});
constexpr auto kBusyClientColumns = std::to_array<Column>({
    {"address", "Client"},
    {"", "Requests/s, about", "rate", "requests"},
    {"requests", "Requests, about", "count"},
    {"requests_error", "At most too many", "count"},
});
constexpr auto kWorkerColumns = std::to_array<Column>({
    {"slot", "Worker", "plain"},
    {"pid", "Process", "plain"},
    {"generation", "Generation", "plain"},
    {"state", "State"},
    {"", "Requests/s", "rate", "requests"},
    {"clients", "Clients", "count"},
    {"requests", "Requests", "count"},
    {"heartbeat_ms", "Heartbeat, ms ago", "count"},
    {"doing", "Doing"},
    {"restarts", "Restarts", "count"},
    {"log_dropped", "Log lines lost", "count"},
});
constexpr auto kStoreColumns = std::to_array<Column>({
    {"address", "Session store"},
    {"state", "State"},
    {"", "Look-ups/s", "rate", "asked"},
    {"workers_ready", "Workers ready", "count"},
    {"workers_connecting", "Connecting", "count"},
    {"workers_refusing", "Refusing", "count"},
    {"workers_late", "Late", "count"},
    {"workers_down", "Down", "count"},
    {"asked", "Look-ups", "count"},
    {"found", "Found", "count"},
    {"written", "Written", "count"},
    {"late", "Late answers", "count"},
    {"refused", "Refused", "count"},
    {"skipped", "Skipped", "count"},
});
constexpr auto kTables = std::to_array<Table>({
    {"backend", "backends", "Backends", kBackendColumns},
    {"service", "services", "Services", kServiceColumns},
    {"listener", "listeners", "Listeners", kListenerColumns},
    {"limit", "limits", "Limits", kLimitColumns},
    {"certificate", "certificates", "Certificates", kCertificateColumns},
    {"client", "clients", "Clients over limits", kClientColumns},
    {"busy_client", "busy_clients", "Busiest clients", kBusyClientColumns},
    {"worker", "workers", "Workers", kWorkerColumns},
    {"store", "store", "Session store", kStoreColumns},
});

bool is_number(const Column& column) {
  return column.format != "text" && column.format != "setter";
}

std::string_view class_of(const Column& column) {
  if (!column.rate.empty()) return " class=\"number live\"";
  return is_number(column) ? " class=\"number\"" : "";
}

// A backend counts as what the administrator has made it, whatever becomes of it then.
constexpr std::string_view kGroups[] = {"live",     "warming", "drained",
                                        "disabled", "ejected", "dead"};

std::string_view group_of(const shm::BackendStatus& backend) {
  if (backend.admin.state != shm::AdminState::enabled) return to_text(backend.admin.state);
  return to_text(backend.fitness.standing);
}

// 3 h 12 min: the two largest units.
std::string duration(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    std::string_view name;
  };
  static constexpr Unit kUnits[] = {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
  if (seconds < 60) return std::to_string(seconds) + " s";
  const Unit* unit = kUnits;
  while (seconds < unit->seconds) ++unit;
  std::string text = std::to_string(seconds / unit->seconds).append(unit->name);
  const std::uint64_t rest = seconds % unit->seconds / unit[1].seconds;
  if (rest != 0) text.append(" ").append(std::to_string(rest)).append(unit[1].name);
  return text;
}

std::string shown(const shm::StatusField* field, std::string_view format) {
  if (field == nullptr || field->kind == shm::StatusField::Kind::none) {
    return format == "setter" ? "configuration" : "\u2013";
  }
  if (format == "limit" && field->value == "0") return "none";
  if (format == "percent") return field->value + " %";
  if (format != "seconds") return field->value;
  if (field->value.starts_with('-')) return "expired";
  std::uint64_t seconds = 0;
  std::from_chars(field->value.data(), field->value.data() + field->value.size(), seconds);
  return duration(seconds);
}

std::string value_of(const shm::StatusObject& object, std::string_view key,
                     std::string_view format = "text") {
  return shown(shm::find_field(object, key), format);
}

void add_attribute(std::string& part, std::string_view name, std::string_view value) {
  part.append(" ").append(name).append("=\"");
  http::append_html(value, part);
  part += '"';
}

void begin_table(std::string& part, const Table& table, std::size_t rows) {
  part.append("<section class=\"table\" data-kind=\"").append(table.member).append("\"");
  if (rows == 0) part += " hidden";
  part.append("><div class=\"title\"><h2>").append(table.title).append("</h2>");
  part.append("<span class=\"count quiet\">").append(std::to_string(rows)).append("</span>");
  part.append("<input class=\"live\" type=\"search\" placeholder=\"Filter\" aria-label=\"Filter: ");
  part.append(table.title).append("\" autocomplete=\"off\"></div>");
  part.append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
  part.append(table.title).append("\"><table><thead><tr>");
  for (const Column& column : table.columns) {
    part.append("<th scope=\"col\"").append(class_of(column));
    add_attribute(part, "data-format", column.format);
    if (!column.key.empty()) add_attribute(part, "data-key", column.key);
    if (!column.rate.empty()) add_attribute(part, "data-rate", column.rate);
    part.append(">").append(column.heading).append("</th>");
  }
  part += "</tr></thead><tbody>";
}

void add_row(std::string& part, const Table& table, const shm::StatusObject& object) {
  part += "<tr>";
  for (const Column& column : table.columns) {
    const bool is_first = &column == table.columns.data();
    const std::string text =
        column.rate.empty() ? value_of(object, column.key, column.format) : std::string("\u2013");
    part.append(is_first ? "<th scope=\"row\"" : "<td").append(class_of(column));
    if (column.key == "state" || column.key == "admin") add_attribute(part, "data-state", text);
    part += '>';
    http::append_html(text, part);
    part += is_first ? "</th>" : "</td>";
  }
  part += "</tr>\n";
}

}  // namespace

void StatusPage::add_summary(std::string& part) const {
  const shm::StatusObject process = moment_.object(0);
  std::string text = "Version " + value_of(process, "version") + ", process " +
                     value_of(process, "pid") + ", generation " + value_of(process, "generation") +
                     ", up " + value_of(process, "uptime_s", "seconds") + ", workers " +
                     value_of(process, "workers") + ", clients " + value_of(process, "clients");
  part += "<p id=\"summary\" class=\"quiet\">";
  http::append_html(text, part);
  part += "</p>";
}

// How many backends there are of each state; groups without one are hidden.
void StatusPage::add_counts(std::string& part) const {
  part += "<ul id=\"counts\" class=\"counts\" aria-label=\"Backends\">";
  for (const std::string_view group : kGroups) {
    const auto size = std::ranges::count(moment_.snapshot().backends, group, group_of);
    part.append("<li data-state=\"").append(group).append(size == 0 ? "\" hidden>" : "\">");
    part.append("<b>").append(std::to_string(size)).append("</b> ").append(group).append("</li>");
  }
  part += "</ul>";
}

void StatusPage::add_problems(std::string& part) const {
  std::vector<shm::StatusObject> problems;
  for (std::size_t i = 0; i < moment_.size(); ++i) {
    if (auto problem = shm::problem_of(moment_.object(i))) problems.push_back(std::move(*problem));
  }
  shm::put_errors_first(problems);
  const bool is_fine = std::ranges::all_of(problems, shm::is_notice);
  part.append("<p id=\"fine\" class=\"fine\"").append(is_fine ? "" : " hidden");
  part.append(">Nothing is wrong.</p><ul id=\"problem-list\" class=\"problems\"");
  part.append(problems.empty() ? " hidden>" : ">");
  for (std::size_t i = 0; i < problems.size() && i < kMostProblems; ++i) {
    const shm::StatusObject& one = problems[i];
    part.append("<li class=\"").append(value_of(one, "severity")).append("\"><strong>");
    part += value_of(one, "object");
    const shm::StatusField* const name = shm::find_field(one, "name");
    if (name->kind != shm::StatusField::Kind::none) http::append_html(name->value, part += ' ');
    part += "</strong> ";
    http::append_html(value_of(one, "text"), part);
    if (shm::find_field(one, "since_s")->kind != shm::StatusField::Kind::none) {
      part.append(", for ").append(value_of(one, "since_s", "seconds"));
    }
    part += "</li>\n";
  }
  if (problems.size() > kMostProblems) {
    part.append("<li class=\"more\">and ").append(std::to_string(problems.size() - kMostProblems));
    part += " more</li>";
  }
  part += "</ul>";
}

void StatusPage::add_top(std::string& part) const {
  part +=
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>Pound status</title>\n<style>";
  part.append(status_css()).append("</style></head>\n<body>\n<header><h1>Pound</h1>");
  add_summary(part);
  part +=
      "<p class=\"control live\"><span id=\"state\" class=\"quiet\" role=\"status\"></span>"
      "<button id=\"pause\" type=\"button\">Pause</button></p></header>\n<main>\n"
      "<p id=\"lost\" role=\"alert\" hidden></p>\n";
  add_counts(part);
  part +=
      "<section aria-labelledby=\"problems\" aria-live=\"polite\">"
      "<h2 id=\"problems\">Problems</h2>";
  add_problems(part);
  part.append("</section>\n<noscript><p class=\"quiet\">This is the state at ");
  part.append(http::Date().text(moment_.snapshot().at_unix_s));
  part +=
      ". Without script, load the page again for newer figures.</p></noscript>\n"
      "<div id=\"charts\" class=\"charts live\"></div>\n";
}

bool StatusPage::add_rows(std::string& part, std::size_t most) {
  for (; table_ < kTables.size(); ++table_, row_ = 0) {
    const Table& table = kTables[table_];
    const Moment::Range range = moment_.range(table.kind);
    if (!in_table_) begin_table(part, table, range.size);
    in_table_ = true;
    for (; row_ < range.size; ++row_) {
      if (part.size() >= most) return true;
      add_row(part, table, moment_.object(range.begin + row_));
    }
    part += "</tbody></table></div></section>\n";
    in_table_ = false;
  }
  return false;
}

bool StatusPage::next(std::string& part) {
  if (place_ == Place::top) {
    add_top(part);
    place_ = Place::tables;
    return true;
  }
  if (place_ == Place::tables) {
    if (add_rows(part, part.size() + kPartSize)) return true;
    place_ = Place::end;
  }
  part.append("</main>\n<script>").append(status_js()).append("</script>\n</body>\n</html>\n");
  return false;
}

std::string_view StatusPage::fields() const { return fields_; }

}  // namespace worker::serve
