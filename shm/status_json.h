// The state of the daemon as one text of JSON, for programs.
//
// {"process":{…},"workers":[{…},…],"listeners":[…],"services":[…],"backends":[…],"limits":[…],
//  "certificates":[…],"clients":[…],"busy_clients":[…],"sessions":{…},"store":{…},"auth":{…},
//  "problems":[…]}.
// The fields are those of status_objects.h and status_problems.h; one without a value is null.
// "store" is missing where there is no session store, "auth" until a password was checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shm/status_objects.h"

namespace shm {

std::string status_json(const std::vector<StatusObject>& objects);

// Writes the same text object by object: `process`, the others in the order of status_objects(), at
// last the problems.
class StatusJson {
 public:
  void add(std::string& out, const StatusObject& object);
  void finish(std::string& out);

 private:
  void begin_member(std::string& out);
  void begin_kind(std::string& out, std::string_view kind);

  std::size_t next_ = 0;  // of the kinds
  bool has_begun_ = false;
  bool in_list_ = false;
};

// One object: {"key":value,…}.
void append_json(std::string& out, const StatusObject& object);

}  // namespace shm
