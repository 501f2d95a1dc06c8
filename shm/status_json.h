// The state of the daemon as one text of JSON, for programs.
//
// {"process":{…},"workers":[{…},…],"listeners":[…],"services":[…],"backends":[…],"limits":[…],
//  "certificates":[…],"clients":[…],"sessions":{…},"auth":{…}}. The fields are those of
//  status_objects.h, without
// "object"; no value is null. "auth" is missing until a password was checked.
#pragma once

#include <string>
#include <vector>

#include "shm/status_objects.h"

namespace shm {

std::string status_json(const std::vector<StatusObject>& objects);
// One object: {"key":value,…}.
void append_json(std::string& out, const StatusObject& object);

}  // namespace shm
