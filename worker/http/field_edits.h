// Takes fields out of a head, and puts others in.
//
// Pure. The caller has checked the names and the lines: no field that frames a message is among
// them, and no line has a control byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/http/header_list.h"

namespace worker::http {

class RemovedFields {
 public:
  // With `is_beginning`: every name that begins so.
  void add(std::string_view name, bool is_beginning);
  bool empty() const { return names_.empty(); }
  bool contains(std::string_view name) const;

 private:
  struct Name {
    std::string text;  // lower case
    bool is_beginning;
    bool operator==(const Name&) const = default;
  };
  std::vector<Name> names_;
};

void remove_fields(HeaderList& fields, const RemovedFields& removed);

// Appends `head`, a request head that write_request_head() wrote, to `out`: without the removed
// fields, with `added` as its last lines and, unless that is empty, with another target.
void edit_request_head(std::string_view head, const RemovedFields& removed, std::string_view target,
                       std::string_view added, std::string& out);

// The target of such a head: "/path?query"; empty where there is no head.
std::string_view target_of(std::string_view head);

}  // namespace worker::http
