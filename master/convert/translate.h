// The tree of a configuration of Pound 2.x in, a pound.yaml and a report out.
//
// Gives each directive of the tree a verdict. Throws nothing but bad_alloc.
#pragma once

#include <cstddef>
#include <string>

#include "master/convert/directive.h"

namespace master::convert {

struct Result {
  std::string yaml;    // valid YAML with comments
  std::string report;  // one line for each directive and each addition, then their numbers
  std::string errors;  // what Pound says against `yaml`, if it cannot be loaded; else empty
};

// `name` is that of the file, for the comment at the head.
Result translate(Source source, const std::string& name);

}  // namespace master::convert
