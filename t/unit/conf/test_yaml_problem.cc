// Tests of conf/yaml_problem: libyaml's words and ours.
#include <doctest/doctest.h>

#include "conf/yaml_problem.h"

TEST_CASE("yaml_problem: a known complaint, with the place that helps") {
  const auto quote =
      conf::explain("found unexpected end of stream", "while scanning a quoted scalar", "");
  CHECK(quote.message == "no quote closes the text that begins here");
  CHECK(quote.at_context);
  CHECK(quote.begun.empty());
  const auto list = conf::explain("did not find expected ',' or ']'", "while whatever", "");
  CHECK(list.message == "expected `,` or `]`");
  CHECK_FALSE(list.at_context);
  CHECK(list.begun == "the list begins here");
}

TEST_CASE("yaml_problem: the same complaint in another context") {
  const std::string problem = "did not find expected alphabetic or numeric character";
  CHECK(conf::explain(problem, "while scanning an alias", "").message ==
        "expected a name right after `*`; quote the text if no alias is meant");
  CHECK(conf::explain(problem, "while scanning an anchor", "").message ==
        "expected a name right after `&`; quote the text if no anchor is meant");
}

TEST_CASE("yaml_problem: the character that cannot begin a value") {
  const std::string problem = "found character that cannot start any token";
  CHECK(conf::explain(problem, "", "@a").message == "a value cannot begin with @; quote it");
  CHECK(conf::explain(problem, "", "\ta").message == "a tab cannot indent; YAML requires spaces");
}

TEST_CASE("yaml_problem: an unknown complaint is passed on, escaped") {
  CHECK(conf::explain("odd\n", "while odd", "").message ==
        "this is not valid YAML: odd\\x0a, while odd");
  CHECK(conf::explain("", "", "").message == "this is not valid YAML: ");
}
