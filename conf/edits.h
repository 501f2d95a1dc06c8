// What is changed in the heads that pass: Request, Reply and Rewrite.
//
// Plain data. Edits apply in the order listener, service, backend; within one of them first Remove,
// then Set, then Add.
#pragma once

#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/pattern.h"
#include "conf/template.h"

namespace conf {

struct FieldEdits {
  struct Line {
    std::string name;  // a token
    Template value;
  };
  std::vector<std::string> remove;  // Remove: names, or beginnings such as "X-Foo-*"
  std::vector<Line> set;            // Set: in place of all fields with this name
  std::vector<Line> add;            // Add: beside them

  bool empty() const { return remove.empty() && set.empty() && add.empty(); }
};

struct Edits {
  FieldEdits request;  // Request: of the head that the backend gets
  FieldEdits reply;    // Reply: of the final head that the client gets
};

// Rewrite: of the path that the backend gets. The first one whose expression is found applies.
struct Rewrite {
  Pattern from;  // From
  Template to;   // To: the path instead of what was found; captures and variables
  Position where;
};

}  // namespace conf
