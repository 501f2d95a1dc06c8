// What is changed in the heads that pass: Request, Reply and Rewrite.
//
// Plain data. Edits apply in the order listener, service, backend; within one of them first Remove,
// then Set, then Add. Which fields may be edited is checked by worker::prepare, which knows the
// rules of HTTP.
#pragma once

#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/pattern.h"
#include "conf/template.h"

namespace conf {

struct FieldEdits {
  struct Name {
    std::string text;           // a token, without the asterisk
    bool is_beginning = false;  // of "X-Foo-*": every name that begins with `text`
    Position where;
  };
  struct Line {
    std::string name;  // a token
    Template value;    // without control bytes
    Position where;    // of the name
  };
  std::vector<Name> remove;  // Remove
  std::vector<Line> set;     // Set: in place of all fields with this name
  std::vector<Line> add;     // Add: beside them

  bool empty() const { return remove.empty() && set.empty() && add.empty(); }
};

struct Edits {
  FieldEdits request;  // Request: of the head that the backend gets
  FieldEdits reply;    // Reply: of the final head that the client gets

  bool empty() const { return request.empty() && reply.empty(); }
};

// Rewrite: of the path that the backend gets. The first one whose expression is found applies.
struct Rewrite {
  CapturePattern from;  // From
  Template to;          // To: the text instead of what was found
  Position where;       // of To
};

}  // namespace conf
