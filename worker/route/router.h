// Which service a request is for: the first one, in the order of the file, whose conditions hold.
//
// Pure, made once for each listener. All URL patterns are searched at once, and all header patterns
// at once in each field, so that the cost does not grow with the number of services.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/pattern.h"
#include "worker/http/header_list.h"

namespace worker::route {

class Router {
 public:
  explicit Router(const std::vector<conf::Service>& services);

  // The place of the service among those of the listener; nothing when none matches. Not const:
  // scratch memory is kept between calls.
  std::optional<std::size_t> route(std::string_view path_query, const http::HeaderList& fields);

 private:
  // What one pattern's being found means for its service.
  struct Use {
    std::uint32_t service;
    bool denies;
  };
  struct State {
    std::uint32_t round = 0;  // the call in which `found` was counted
    std::uint32_t found = 0;  // required patterns found
    bool denied = false;
  };

  void add(std::uint32_t service, const conf::Condition& condition);
  void note(const Use& use);
  State& state(std::uint32_t service);

  conf::PatternSet url_patterns_;
  conf::PatternSet header_patterns_;
  std::vector<Use> url_uses_;
  std::vector<Use> header_uses_;
  std::vector<std::uint32_t> required_;       // number of patterns that each service requires
  std::vector<std::uint32_t> unconditional_;  // services that require nothing, in order

  std::uint32_t round_ = 0;
  std::vector<State> states_;
  std::vector<int> hits_;
  std::vector<bool> header_seen_;  // header patterns already found in this request
  std::vector<int> header_seen_list_;
  std::vector<std::uint32_t> complete_;  // services of which all required patterns were found
  std::string line_;
};

}  // namespace worker::route
