#include "worker/http/html.h"

#include <doctest/doctest.h>

TEST_CASE("html: what would be markup becomes text") {
  std::string out = "<p>";
  worker::http::append_html("<script>alert('1' && \"2\")</script>", out);
  CHECK(out == "<p>&lt;script&gt;alert(&#39;1&#39; &amp;&amp; &quot;2&quot;)&lt;/script&gt;");
  worker::http::append_html("", out);
  out.clear();
  worker::http::append_html("a\xc3\xa9 b/c=d", out);
  CHECK(out == "a\xc3\xa9 b/c=d");
}
