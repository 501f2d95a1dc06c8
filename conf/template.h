// A text of the configuration with variables in it: "https://$host/new$path".
//
// Plain data. The loader checks which variables a key may use (load_template.h). The worker puts
// their values in (worker/route/template.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conf {

enum class Variable : std::uint8_t {
  none,        // only text
  host,        // $host: the host that the client has asked for, without port; perhaps empty
  path,        // $path: the path of the request, without its query
  query,       // $query: the query, without its question mark
  client,      // $client: the address of the client
  proto,       // $proto: http or https
  request_id,  // $request_id: empty without RequestID
  backend,     // $backend: the name of the backend; empty before it is chosen
  capture,     // $1 to $9: a group of the expression that was found
};

struct TemplatePart {
  std::string text;                    // comes first
  Variable variable = Variable::none;  // then its value
  unsigned capture = 0;                // 1..9
};

struct Template {
  std::vector<TemplatePart> parts;
  bool empty() const { return parts.empty(); }
  bool uses(Variable variable) const {
    for (const TemplatePart& part : parts) {
      if (part.variable == variable) return true;
    }
    return false;
  }
};

}  // namespace conf
