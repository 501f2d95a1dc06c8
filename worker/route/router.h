// The service of a request: the first one, in the order of the file, whose conditions all hold.
//
// What services ask about is in subject.h. URL patterns are searched in the path and query as
// received and, where the path is not normal, in their normal form too; one of the two is enough.
// Path and Query see one form each: the normal path, and decoded parameters.
//
// Pure; made once for each listener. The cost does not grow with the number of services, in any of
// three ways. A service with Host or Path is found in a table by these (service_index.h), and what
// else it asks is checked only then. Of all others, all URL patterns are searched at once, all
// header patterns at once in each field, and the patterns of Query and Header at once for each
// name. Methods and Not are checked last, for services of which all else holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conf/config.h"
#include "conf/pattern.h"
#include "worker/route/service_index.h"
#include "worker/route/subject.h"

namespace worker::route {

class Router {
 public:
  // Borrows `services`.
  explicit Router(const std::vector<conf::Service>& services);

  // The index of the service among those of the listener. Nothing when none matches. Not const,
  // because scratch memory is kept between calls.
  std::optional<std::size_t> route(std::string_view method, std::string_view path_query,
                                   std::string_view field_lines);

 private:
  // What a match of one pattern means for its service. Patterns of one requirement count as one.
  struct Use {
    std::uint32_t service;
    std::uint32_t requirement;
    bool denies;
  };
  struct State {
    std::uint32_t round = 0;  // the call that counted `found`
    std::uint32_t found = 0;  // number of requirements that were found
    bool denied = false;
  };
  // Patterns that are searched in the same texts.
  struct Group {
    conf::PatternSet patterns;
    std::vector<Use> uses;  // of each pattern
    void add(const conf::Pattern& pattern, Use use);
  };
  using NamedGroups = std::unordered_map<std::string, Group>;

  std::uint32_t add_patterns(const conf::Service& service, std::uint32_t index);
  std::uint32_t add_named(const std::vector<conf::NamedPatterns>& list, NamedGroups& groups,
                          std::uint32_t index);
  void search_all();
  void search(Group& group, std::string_view text);
  void search(NamedGroups& groups, std::string_view text);
  void note(const Use& use);
  State& state(std::uint32_t service);
  bool holds(std::uint32_t service);
  void take_first(const std::vector<std::uint32_t>& services);

  const std::vector<conf::Service>& services_;
  ServiceIndex index_;
  std::vector<bool> is_indexed_;
  std::vector<bool> has_rest_;  // it asks what neither the table nor a group has answered
  Group url_;
  Group fields_;
  NamedGroups query_;
  NamedGroups field_values_;                  // by the name in lower case
  std::vector<std::uint32_t> required_;       // number of requirements in groups
  std::vector<std::uint32_t> unconditional_;  // services that no table and no group finds, in order

  // Of one call.
  Subject subject_;
  std::uint32_t round_ = 0;
  std::optional<std::uint32_t> best_;
  std::vector<State> states_;
  std::vector<bool> seen_;  // requirements already found
  std::vector<std::uint32_t> seen_list_;
  std::vector<int> hits_;
  std::vector<std::uint32_t> complete_;  // services of which all requirements were found
  std::vector<const ServiceIndex::Services*> lists_;
  std::string name_;
};

}  // namespace worker::route
