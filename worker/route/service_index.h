// Which services ask for this host and this path: a table, so that their number costs nothing.
//
// Made once for each listener. A look-up is one for the host, one for each of its suffixes that a
// wildcard could have, and in what was found one for each prefix of the path that a service could
// have. What a client sends is never stored, so it cannot choose a bucket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conf/matchers.h"
#include "worker/route/subject.h"

namespace worker::route {

class ServiceIndex {
 public:
  using Services = std::vector<std::uint32_t>;  // ascending

  // The matchers have Host or Path. Services are added in their order.
  void add(const conf::Matchers& matchers, std::uint32_t service);
  bool empty() const { return is_empty_; }
  // Appends the lists that the request is in. A service may be in several.
  void find(Subject& subject, std::vector<const Services*>& lists) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using Table = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  class Paths {
   public:
    void add(const std::vector<std::string>& prefixes, std::uint32_t service);
    void find(Subject& subject, std::vector<const Services*>& lists) const;

   private:
    Services any_;              // they have no Path
    Table<Services> prefixes_;  // "/" and "/api/v1"
    std::size_t longest_ = 0;
  };

  Paths any_host_;
  Table<Paths> hosts_;
  Table<Paths> wildcards_;  // by the name behind "*."
  std::size_t longest_wildcard_ = 0;
  bool is_empty_ = true;
};

}  // namespace worker::route
