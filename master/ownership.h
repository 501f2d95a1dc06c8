// Whether only this user and root can change a file or a folder.
//
// Pure: judges what stat(2) has found. An access list counts, because the kernel shows its mask as
// the rights of the group.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

namespace master {

// Empty when only `user` and root own and may write it. Otherwise the reason, to be put after its
// name: "belongs to user 1000", "can be written by its group", "can be written by everybody".
std::string why_not_ours(const struct stat& found, uid_t user);

}  // namespace master
