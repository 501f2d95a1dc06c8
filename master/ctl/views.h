// What the state looks like on a terminal: pure functions from objects to lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "master/ctl/objects.h"
#include "master/ctl/screen.h"

namespace master::ctl {

// `status`: one line about the program, what is wrong, then the tables, with what is wrong first.
Lines status_view(const Objects& objects, std::size_t width);
// What an operator has to look at, most important first: "backend web is dead since 3 s: refused".
Lines problems_of(const Objects& objects);

// The administrator has drained or disabled the backend, or disabled the service.
bool is_out_of_use(const Object& object);

// One of the tables: "workers", "listeners", "services", "backends", "sessions".
bool is_list(std::string_view name);
Lines list_view(std::string_view name, const Objects& objects, std::size_t width);

// "pound 0.1.0, pid 7, generation 1, up 3d 4h, …"
std::string headline(const Object& process);
// "45s", "12m", "3h20m", "5d3h"
std::string span_text(std::uint64_t seconds);

}  // namespace master::ctl
