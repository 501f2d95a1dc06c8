// The items of a listener's Services: tree → structs.
//
// Compiles the patterns and finds the backends of the aliases. One loader serves all services of a
// file, because the limit on the number of patterns covers the whole file.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/load_backend.h"
#include "conf/section.h"

namespace conf {

// Each pattern takes about 2 KiB and 10 microseconds. With aliases, a small file can have millions.
inline constexpr std::size_t kMaxPatterns = 100'000;

// The items of Allow, of a listener or of a service.
std::vector<AllowedRule> load_allow(const Section& section);

class ServiceLoader {
 public:
  // Borrows all three. `index` and `backends` are complete.
  ServiceLoader(const BackendIndex& index, const std::vector<Backend>& backends,
                Diagnostics& diagnostics)
      : index_(index), backends_(backends), diagnostics_(diagnostics) {}

  Service load(const Node& node);

 private:
  std::optional<Pattern> compile(const Node& node, std::string_view key, Pattern::Case letter_case);
  bool count_pattern(const Node& node);
  std::vector<Condition> conditions_of(const Section& section);
  std::vector<Rewrite> rewrites_of(const Section& section);
  std::optional<Rewrite> load_rewrite(const Node& node);
  void warn_about_hosts(const Section& section);
  // `key`: Backends or Emergency.
  std::vector<std::size_t> backends_of(const Section& section, std::string_view key);
  void report_unknown_backend(const Node& item, std::string_view key);

  const BackendIndex& index_;
  const std::vector<Backend>& backends_;
  Diagnostics& diagnostics_;
  std::size_t patterns_ = 0;
};

}  // namespace conf
