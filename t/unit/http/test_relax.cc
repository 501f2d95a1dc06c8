// The relaxable rules, and the verdict when a request breaks several of them.
#include "worker/http/relax.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace worker::http;

TEST_CASE("relax: the table of reasons and the list of relaxable ones agree") {
  for (std::size_t i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto is_in = [reason](const auto& list) {
      return std::find(list.begin(), list.end(), reason) != list.end();
    };
    CAPTURE(info(reason).code);
    CHECK(is_in(kRelaxable) == (i != 0 && info(reason).relax == Relax::yes));
    CHECK(is_in(kRelaxableInResponses) == (info(reason).relax == Relax::by_backend));
    const bool is_listed = is_in(kRelaxable) || is_in(kRelaxableInResponses);
    RuleSet rules;
    rules.add(reason);
    CHECK(rules.contains(reason) == is_listed);
    CHECK(rules.empty() == !is_listed);
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

TEST_CASE("relax: no two rules share a place in a set") {
  for (std::size_t i = 0; i < kReasons; ++i) {
    RuleSet rules;
    rules.add(static_cast<Reason>(i));
    std::size_t count = 0;
    for (std::size_t k = 0; k < kReasons; ++k) count += rules.contains(static_cast<Reason>(k));
    CAPTURE(i);
    CHECK(count == (rules.empty() ? 0 : 1));
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
