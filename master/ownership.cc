// See ownership.h.
#include "master/ownership.h"

namespace master {

std::string why_not_ours(const struct stat& found, uid_t user) {
  if (found.st_uid != 0 && found.st_uid != user) {
    return "belongs to user " + std::to_string(found.st_uid);
  }
  if ((found.st_mode & S_IWOTH) != 0) return "can be written by everybody";
  if ((found.st_mode & S_IWGRP) != 0) return "can be written by its group";
  return {};
}

}  // namespace master
