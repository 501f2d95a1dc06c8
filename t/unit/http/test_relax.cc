// The relaxable rules, and the verdict when a request breaks several of them.
#include "worker/http/relax.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace worker::http;

TEST_CASE("relax: the table of reasons and the list of relaxable ones agree") {
  for (std::size_t i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    const bool listed = std::find(kRelaxable.begin(), kRelaxable.end(), reason) != kRelaxable.end();
    CAPTURE(info(reason).code);
    CHECK(listed == (i != 0 && info(reason).relax == Relax::yes));
    RuleSet rules;
    rules.add(reason);
    CHECK(rules.contains(reason) == listed);
    CHECK(rules.empty() == !listed);
  }
}

TEST_CASE("relax: no rule about framing or the host is relaxable") {
  for (const Reason reason : kRelaxable) {
    const std::string_view code = info(reason).code;
    CAPTURE(code);
    for (const char* guarded : {"cl_", "te_", "chunk", "bare_", "obs_", "space_", "name_", "nul_",
                                "colon_", "trailer_", "response_", "host_m", "version"}) {
      CHECK((!code.starts_with(guarded) || reason == Reason::host_missing));
    }
  }
}

TEST_CASE("relax: the first breach that is not allowed is the verdict") {
  Breaches breaches;
  CHECK(!breaches.refusal({}));
  breaches.note(Reason::host_empty, 40);
  breaches.note(Reason::target_char, 7);
  breaches.note(Reason::target_char, 9);  // the first one counts
  CHECK(breaches.contains(Reason::host_empty));
  CHECK(!breaches.contains(Reason::percent_encoding));
  CHECK(breaches.refusal({}).reason == Reason::target_char);
  CHECK(breaches.refusal({}).offset == 7);

  RuleSet listener;
  listener.add(Reason::target_char);
  CHECK(breaches.refusal(listener).reason == Reason::host_empty);
  CHECK(breaches.refusal(listener).offset == 40);
  RuleSet service;
  service.add(Reason::host_empty);
  CHECK(breaches.refusal(service).reason == Reason::target_char);
  CHECK(!breaches.refusal(listener.with(service)));
  CHECK(listener.with(service).without(service).contains(Reason::target_char));

  breaches.clear();
  CHECK(breaches.empty());
  CHECK(!breaches.refusal({}));
}
