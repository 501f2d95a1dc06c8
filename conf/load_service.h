// The items of a listener's Services: tree → structs.
//
// Compiles the patterns and finds the backends of the aliases. One loader serves all services of a
// file, because the limit on the number of patterns covers the whole file.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
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
  // Borrows all of it. `index` and `backends` are complete; `global` are the items of the top-level
  // Services.
  ServiceLoader(const BackendIndex& index, const std::vector<Backend>& backends,
                std::span<const Node* const> global, Diagnostics& diagnostics)
      : index_(index), backends_(backends), global_(global), diagnostics_(diagnostics) {}

  // An item that several listeners have is read, and what is wrong with it is said, once.
  const Service& load(const Node& node);
  // What listeners without Services have.
  std::span<const Node* const> global() const { return global_; }
  // Reads the global services that no listener has, and warns about them. `is_whole`: no listener
  // has an error, by which it could seem to lack services.
  void check_unused(bool is_whole);

 private:
  Service read(const Node& node);
  std::optional<Pattern> compile(const Node& node, std::string_view key, Pattern::Case letter_case);
  bool count_pattern(const Node& node);
  std::vector<Condition> conditions_of(const Section& section);
  std::vector<Rewrite> rewrites_of(const Section& section);
  std::optional<Rewrite> load_rewrite(const Node& node);
  void warn_if_never_matched(const Node& item, Condition::Kind kind);
  void warn_about_hosts(const Section& section);
  // `key`: Backends or Emergency.
  std::vector<std::size_t> backends_of(const Section& section, std::string_view key);
  void report_unknown_backend(const Node& item, std::string_view key);

  const BackendIndex& index_;
  const std::vector<Backend>& backends_;
  std::span<const Node* const> global_;
  Diagnostics& diagnostics_;
  std::map<const Node*, Service> loaded_;
  std::size_t patterns_ = 0;
};

}  // namespace conf
