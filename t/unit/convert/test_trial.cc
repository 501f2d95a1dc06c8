// Tests of convert/trial: what the loader says about one key.
#include <doctest/doctest.h>

#include "master/convert/trial.h"

using namespace master::convert;

namespace {

Yaml redirect_to(std::string_view url) {
  Yaml service = Yaml::mapping();
  service.add("URL", Yaml::text("^/(.)"));
  service.add("Redirect", Yaml::text(url));
  return service;
}

}  // namespace

TEST_CASE("keys that Pound accepts") {
  CHECK(objection(Part::global, "User", Yaml::text("www-data")) == "");
  CHECK(objection(Part::backend, "Address", Yaml::text("10.0.0.1")) == "");
  CHECK(objection(Part::backend, "Address", Yaml::text("/run/app.sock")) == "");
  CHECK(objection(Part::backend, "Port", Yaml::number(8080)) == "");
  CHECK(objection(Part::http_listener, "Address", Yaml::text("/run/front.sock")) == "");
  CHECK(objection(Part::https_listener, "Certificates", Yaml::texts({"a.pem", "b.pem"})) == "");
  CHECK(objection(Part::https_listener, "MinTLS", Yaml::text("1.3")) == "");
  CHECK(objection(Part::service, "HeadDeny", Yaml::text("^X: ")) == "");
  CHECK(objection(Part::service, "Redirect", Yaml::text("https://a.example")) == "");
  CHECK(objection(Part::service, "Respond", Yaml::number(404)) == "");
  CHECK(objection(Part::service, "Serve", Yaml::text("metrics")) == "");
  CHECK(objection(Part::service, "Balance", Yaml::text("least")) == "");
}

TEST_CASE("keys that Pound refuses") {
  CHECK(objection(Part::global, "User", Yaml::text("")) ==
        "`User` is empty, expected the name of a user");
  CHECK(objection(Part::backend, "Port", Yaml::number(0)) ==
        "`Port` is 0, expected a whole number from 1 to 65535");
  CHECK(
      objection(Part::http_listener, "Certificates", Yaml::text("a.pem")).find("`Certificates`") !=
      std::string::npos);
  CHECK(objection(Part::service, "URL", Yaml::text("(")) != "");
}

TEST_CASE("a whole service is tried with its own URL, whatever its backends are called") {
  CHECK(objection_to_service(redirect_to("https://a.example/$1")) == "");
  CHECK(objection_to_service(redirect_to("https://a.example/$2")) != "");
  Yaml service = Yaml::mapping();
  service.add("Backends", Yaml::alias("unknown"));
  service.add("Emergency", Yaml::alias("other-unknown"));
  CHECK(objection_to_service(service) == "");
  service.add("Redirect", Yaml::text("https://a.example"));
  CHECK(objection_to_service(service) != "");
}
