// The state as JSON, to the letter.
#include "shm/status_json.h"

#include <doctest/doctest.h>

using Kind = shm::StatusField::Kind;

TEST_CASE("status_json: numbers, texts and what has no value") {
  const shm::StatusObject backend{"backend",
                                  {{"name", Kind::text, "a\"b"},
                                   {"requests", Kind::number, "12"},
                                   {"p50_ms", Kind::number, "0.5"},
                                   {"reason", Kind::none, ""}}};
  std::string out;
  shm::append_json(out, backend);
  CHECK(out == R"({"name":"a\"b","requests":12,"p50_ms":0.5,"reason":null})");
}

TEST_CASE("status_json: every list is there, one object where there is one") {
  CHECK(shm::status_json({}) ==
        R"({"workers":[],"listeners":[],"services":[],"backends":[],"limits":[],"certificates":[],)"
        R"("clients":[],"busy_clients":[],"problems":[]})");
  CHECK(shm::status_json({{"process", {{"pid", Kind::number, "7"}}},
                          {"worker", {{"slot", Kind::number, "0"}}},
                          {"worker", {{"slot", Kind::number, "1"}}},
                          {"sessions", {{"used", Kind::number, "0"}}},
                          {"store", {{"asked", Kind::number, "5"}}},
                          {"auth", {{"checks", Kind::number, "3"}}}}) ==
        R"({"process":{"pid":7},"workers":[{"slot":0},{"slot":1}],"listeners":[],"services":[],)"
        R"("backends":[],"limits":[],"certificates":[],"clients":[],"busy_clients":[],)"
        R"("sessions":{"used":0},"store":{"asked":5},"auth":{"checks":3},)"
        R"("problems":[{"severity":"error","object":"process","name":null,)"
        R"("text":"the shared memory is damaged: restart Pound","since_s":null}]})");
}
