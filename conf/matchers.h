// What a service asks of a request beside the regular expressions of URL, HeadRequire and HeadDeny.
//
// All keys that are there must hold; of a list, any item. Empty lists ask nothing.
#pragma once

#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/pattern.h"

namespace conf {

// Host: lower-case ASCII (A-labels), without port and without a dot at its end.
struct HostName {
  std::string name;          // of "*.example.com": "example.com"
  bool is_wildcard = false;  // every name below `name`, at any depth, but not `name` itself
  bool operator==(const HostName&) const = default;
};

// Query, Header: the values of one parameter or field. Any of the patterns is found in any of them.
struct NamedPatterns {
  std::string name;
  std::vector<Pattern> patterns;
};

struct WantedMethod {
  std::string name;  // a token
  Position where;
};

struct Matchers {
  std::vector<HostName> hosts;        // Host
  std::vector<std::string> paths;     // Path: prefixes of whole segments; begin with a slash
  std::vector<WantedMethod> methods;  // Methods
  std::vector<NamedPatterns> query;   // Query: each of them; names are case-sensitive
  std::vector<NamedPatterns> fields;  // Header: each of them; case is ignored

  bool empty() const {
    return hosts.empty() && paths.empty() && methods.empty() && query.empty() && fields.empty();
  }
};

}  // namespace conf
