// The document status.json: the state as one text of JSON (shm/status_json.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shm/status_json.h"
#include "worker/serve/body.h"
#include "worker/serve/state.h"

namespace worker::serve {

class StatusJson final : public Body {
 public:
  StatusJson(const State& state, std::uint64_t now_ms) : moment_(state, now_ms) {}

  bool prepare() override { return moment_.count_sessions(); }
  bool next(std::string& part) override;
  std::string_view fields() const override;
  std::size_t memory() const override { return moment_.memory() + kPartSize; }

 private:
  Moment moment_;
  shm::StatusJson json_;
  std::size_t next_ = 0;
  std::vector<shm::StatusObject> problems_;
  std::size_t next_problem_ = 0;
};

}  // namespace worker::serve
