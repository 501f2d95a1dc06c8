// The status page: one HTML document without references to others. The server makes tables; the
// script in it (status_page.js) keeps them up to date and draws charts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/serve/body.h"
#include "worker/serve/state.h"

namespace worker::serve {

class StatusPage final : public Body {
 public:
  StatusPage(const State& state, std::uint64_t now_ms)
      : fields_(state.page_fields), moment_(state, now_ms) {}

  bool prepare() override { return moment_.count_sessions(); }
  bool next(std::string& part) override;
  std::string_view fields() const override;
  std::size_t memory() const override { return moment_.memory() + kPartSize; }

 private:
  enum class Place : std::uint8_t { top, tables, end };

  void add_top(std::string& part) const;
  void add_summary(std::string& part) const;
  void add_counts(std::string& part) const;
  void add_problems(std::string& part) const;
  // Rows until the part is long enough. False: the last table is complete.
  bool add_rows(std::string& part, std::size_t most);

  const std::string& fields_;
  Moment moment_;
  Place place_ = Place::top;
  std::size_t table_ = 0;
  bool in_table_ = false;
  std::size_t row_ = 0;  // the next one of the table
};

}  // namespace worker::serve
