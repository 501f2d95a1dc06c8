// The text of the status dump: objects as lines of key=value pairs.
//
// "status: object=KIND key=value key=value …", separated by single spaces; "-" stands for no value.
// A value never contains a space: spaces, `=`, `"`, `\` and bytes that are not printable ASCII
// appear as \xNN.
#pragma once

#include <string>
#include <vector>

#include "shm/status_objects.h"

namespace shm {

std::vector<std::string> status_lines(const std::vector<StatusObject>& objects);
// The same without "status: ".
std::vector<std::string> object_lines(const std::vector<StatusObject>& objects);
// The last line of a dump: the number of lines before it, and how many of them were not written.
std::string status_end_line(std::size_t lines, std::size_t omitted);

}  // namespace shm
