// The documents about the state: their parts, and that no name becomes markup.
#include "worker/serve/status_page.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/base64.h"
#include "worker/serve/page_files.h"
#include "worker/serve/status_json.h"
#include "worker/tls/digest.h"

using worker::serve::kPartSize;

namespace {

constexpr std::string_view kEvil = "/run/\"><script>alert('x')</script>&.sock";

struct World {
  explicit World(std::size_t backends = 1) {
    for (std::size_t i = 0; i < backends; ++i) {
      const std::uint32_t row = *segment.backends().enroll(i + 1, 4, 0);
      names.backends.resize(std::max<std::size_t>(names.backends.size(), row + std::size_t{1}));
      names.backends[row] = {std::string(kEvil), "10.0.0.1:80"};
    }
  }
  worker::serve::State state() {
    return {segment, names, 7, 1000, 0, worker::serve::page_fields()};
  }
  shm::Segment segment;
  shm::RowNames names;
};

// The whole of it; checks that each part is bounded by `most` bytes.
template <class Body>
std::string read_all(Body& body, std::size_t most, std::size_t& parts) {
  std::string whole;
  while (body.prepare()) continue;
  bool goes_on = true;
  for (parts = 0; goes_on; ++parts) {
    std::string part = "before";
    goes_on = body.next(part);
    CHECK(part.size() > 6);
    CHECK(part.size() < most);
    whole += part.substr(6);
  }
  return whole;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("status_page: names are text, wherever they stand") {
  World world;
  const auto dead = [&] { world.segment.backends().mark_dead(0, shm::DeadReason::refused, 2000); };
  dead();
  const worker::serve::State state = world.state();
  worker::serve::StatusPage page(state, 5000);
  std::size_t parts = 0;
  const std::string text = read_all(page, 2 * kPartSize, parts);
  CHECK(text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  CHECK(text.ends_with("</script>\n</body>\n</html>\n"));
  CHECK(count(text, "<script>") == 1);
  CHECK(count(text, "alert('x')") == 0);
  const std::string escaped =
      "/run/&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;.sock";
  CHECK(count(text, escaped) == 2);  // among the problems, and in the table
  CHECK(text.find("<strong>backend " + escaped + "</strong> is dead: refused, for 3 s</li>") !=
        std::string::npos);
  CHECK(text.find("<td data-state=\"dead\">dead</td>") != std::string::npos);
  CHECK(text.find("process 7, generation 0, up 4 s") != std::string::npos);
}

TEST_CASE("status_page: what the administrator wants of backends, and how many there are") {
  World world(6);
  shm::BackendTable& table = world.segment.backends();
  table.admin().set(0, shm::AdminState::drained, 1000, 2000);
  table.admin().set(1, shm::AdminState::disabled, 0, 3000);
  table.admin().follow_file(2, true, 4000);
  table.mark_dead(2, shm::DeadReason::refused, 2000);
  table.admin().set(3, shm::AdminState::drained, 0, 2000);
  table.admin().set(3, shm::AdminState::enabled, 0, 4500);
  const worker::serve::State state = world.state();
  worker::serve::StatusPage page(state, 5000);
  std::size_t parts = 0;
  const std::string text = read_all(page, 2 * kPartSize, parts);
  const auto has = [&](std::string_view what) { CHECK_MESSAGE(count(text, what) == 1, what); };
  has("<ul id=\"counts\" class=\"counts\" aria-label=\"Backends\">"
      "<li data-state=\"live\"><b>3</b> live</li>"
      "<li data-state=\"warming\" hidden><b>0</b> warming</li>"
      "<li data-state=\"drained\"><b>2</b> drained</li>"
      "<li data-state=\"disabled\"><b>1</b> disabled</li>"
      "<li data-state=\"ejected\" hidden><b>0</b> ejected</li>"
      "<li data-state=\"dead\" hidden><b>0</b> dead</li></ul>");
  CHECK(count(text, "<td data-state=\"enabled\">enabled</td>") == 3);
  CHECK(count(text, "<td data-state=\"drained\">drained</td>") == 2);
  has("<td data-state=\"disabled\">disabled</td>");
  has("<td>uid:1000</td><td class=\"number\">3 s</td>");
  has("<td>uid:0</td><td class=\"number\">2 s</td>");
  has("<td>configuration</td><td class=\"number\">1 s</td>");
  has("<td>uid:0</td><td class=\"number\">0 s</td>");
  CHECK(count(text, "<td>configuration</td><td class=\"number\">\u2013</td>") == 2);
  CHECK(count(text, "<li class=\"notice\">") == 3);
  has("</strong> is drained by uid:1000, for 3 s</li>");
  has("</strong> is disabled by uid:0, for 2 s</li>");
  has("</strong> is drained by the configuration, and dead: refused, for 1 s</li>");
  has("<p id=\"fine\" class=\"fine\">Nothing is wrong.</p><ul id=\"problem-list\" "
      "class=\"problems\">");
  worker::serve::StatusJson json(state, 5000);
  const std::string data = read_all(json, 2 * kPartSize, parts);
  CHECK(count(data, "\"admin\":\"drained\",\"admin_by\":\"uid:1000\",\"admin_since_s\":3,") == 1);
  CHECK(count(data, "\"admin\":\"disabled\",\"admin_by\":\"uid:0\",\"admin_since_s\":2,") == 1);
  CHECK(count(data, "\"admin\":\"drained\",\"admin_by\":null,\"admin_since_s\":1,") == 1);
  CHECK(count(data, "\"admin\":\"enabled\",\"admin_by\":null,\"admin_since_s\":null,") == 2);
  CHECK(count(data, "{\"severity\":\"notice\",\"object\":\"backend\",") == 3);
}

TEST_CASE("status_page: the policy permits the two files of the page, and nothing else") {
  const std::string fields = worker::serve::page_fields();
  const auto digest = [](std::string_view file) {
    return "'sha256-" + worker::http::encode_base64(worker::tls::sha256(file)) + "'";
  };
  CHECK(
      fields ==
      "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; "
      "script-src " +
          digest(worker::serve::status_js()) + "; style-src " +
          digest(worker::serve::status_css()) +
          "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n");
  CHECK(worker::serve::status_js().find("</script") == std::string_view::npos);
  CHECK(worker::serve::status_css().find("</style") == std::string_view::npos);
  CHECK(worker::serve::status_js().starts_with("'use strict';\n"));
  CHECK(worker::serve::status_js().ends_with("goOn();\n"));
}

TEST_CASE("status_page: many backends come in parts") {
  World world(1000);
  const worker::serve::State state = world.state();
  std::size_t parts = 0;
  worker::serve::StatusPage page(state, 5000);
  CHECK(page.memory() > 1000 * sizeof(shm::BackendStatus));
  const std::string text = read_all(page, 2 * kPartSize, parts);
  CHECK(count(text, "&lt;script&gt;") == 1000);
  CHECK(parts > text.size() / kPartSize);
  worker::serve::StatusJson json(state, 5000);
  const std::string data = read_all(json, 2 * kPartSize, parts);
  CHECK(data.starts_with("{\"process\":{"));
  CHECK(data.ends_with("\"problems\":[]}\n"));
  CHECK(count(data, "\"name\":\"/run/\\\"><script>") == 1000);
  CHECK(parts > 5);
}
