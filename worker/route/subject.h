// What services ask about: one request, in the texts that their conditions are searched in.
//
// All of it is the request as the backend gets it: the fields as Pound writes them, Host in its one
// canonical form and Pound's own fields among them. Derived texts are made when they are first
// asked for, and their memory is kept for the next request. A view lives until the next start().
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "conf/matchers.h"

namespace worker::route {

class Subject {
 public:
  // `path_query` is as received. `field_lines` are "Name: value\r\n" lines, Host first; an empty
  // line ends them. All three must outlive the use of this object.
  void start(std::string_view method, std::string_view path_query, std::string_view field_lines);

  std::string_view method() const { return method_; }
  // Lower case, without port and without a dot at its end; empty when there is none.
  std::string_view host();
  std::string_view received() const { return path_query_; }
  // The path with its query in the normal form (http/normal_path.h); the very view that was
  // received where that is normal.
  std::string_view normal();
  std::string_view path() { return normal().substr(0, normal().find('?')); }

  // visit(line) for each field.
  template <class Visit>
  void for_each_line(Visit&& visit) const {
    std::string_view rest = field_lines_;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\r'));
      if (line.empty()) return;
      visit(line);
      rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    }
  }
  // visit(name, value) for each field. Names are as they were received.
  template <class Visit>
  void for_each_field(Visit&& visit) const {
    for_each_line([&](std::string_view line) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return;
      visit(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
    });
  }
  // visit(name, value) for each parameter of the query, decoded: %41 is A, and + is a space.
  template <class Visit>
  void for_each_parameter(Visit&& visit) {
    const std::size_t mark = path_query_.find('?');
    std::string_view rest = mark == std::string_view::npos ? "" : path_query_.substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      const std::size_t equals = std::min(pair.find('='), pair.size());
      decode(pair.substr(0, equals), name_);
      decode(pair.substr(std::min(equals + 1, pair.size())), value_);
      if (!pair.empty()) visit(std::string_view(name_), std::string_view(value_));
    }
  }

 private:
  static void decode(std::string_view text, std::string& out);

  std::string_view method_;
  std::string_view path_query_;
  std::string_view field_lines_;
  std::string_view normal_view_;
  bool has_host_ = false;
  bool has_normal_ = false;
  std::string host_;
  std::string normal_;
  std::string name_;
  std::string value_;
};

// The key of the first matcher that does not hold: "Host"; empty when all of them hold.
std::string_view failing_key(const conf::Matchers& matchers, Subject& subject);
bool has_method(const conf::Matchers& matchers, std::string_view method);
// The same without Host and Path.
std::string_view failing_key_elsewhere(const conf::Matchers& matchers, Subject& subject);

}  // namespace worker::route
