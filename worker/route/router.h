// The service of a request: the first one, in the order of the file, whose conditions all hold.
//
// Patterns judge the request as the backend gets it: the fields as Pound writes them, Host in its
// one canonical form and Pound's own fields among them. URL patterns are searched in the path and
// query as received and, where the path is not normal, in their normal form too
// (http/normal_path.h); one of the two is enough.
//
// Pure; made once for each listener. All URL patterns are searched at once, and all header patterns
// at once in each field, so the cost does not grow with the number of services.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/pattern.h"

namespace worker::route {

class Router {
 public:
  explicit Router(const std::vector<conf::Service>& services);

  // The index of the service among those of the listener. Nothing when none matches. `field_lines`
  // are "Name: value\r\n" lines; an empty line ends them. Not const, because scratch memory is
  // kept between calls.
  std::optional<std::size_t> route(std::string_view path_query, std::string_view field_lines);

 private:
  // What a match of one pattern means for its service.
  struct Use {
    std::uint32_t service;
    bool denies;
  };
  struct State {
    std::uint32_t round = 0;  // the call that counted `found`
    std::uint32_t found = 0;  // number of required patterns that were found
    bool denied = false;
  };
  // Patterns that are searched in the same texts. A pattern counts once for each request, however
  // many texts contain it.
  struct Group {
    void add(const conf::Pattern& pattern, Use use);
    void compile();
    void forget_found();

    conf::PatternSet patterns;
    std::vector<Use> uses;   // of each pattern
    std::vector<bool> seen;  // patterns already found in this request
    std::vector<int> seen_list;
  };

  void search(Group& group, std::string_view text);
  void note(const Use& use);
  State& state(std::uint32_t service);
  std::optional<std::size_t> first_match();

  Group url_;
  Group fields_;
  std::vector<std::uint32_t> required_;       // number of patterns that each service requires
  std::vector<std::uint32_t> unconditional_;  // services that require nothing, in order

  std::uint32_t round_ = 0;
  std::vector<State> states_;
  std::vector<int> hits_;
  std::vector<std::uint32_t> complete_;  // services of which all required patterns were found
  std::string normal_;
};

// Why a service does not take a request, for an operator who asks.
struct Judgement {
  const conf::Condition* failed = nullptr;  // the first one that does not hold; null: all hold
  std::string found;                        // where it denies: the text that has the pattern
};

// Searches the same texts as Router::route, pattern by pattern. `service` must outlive the result.
Judgement judge(const conf::Service& service, std::string_view path_query,
                std::string_view field_lines);

}  // namespace worker::route
