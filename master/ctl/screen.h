// Standard output: a terminal of some size, or something else.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace master::ctl {

using Lines = std::vector<std::string>;

bool is_terminal();
// Of the terminal; 80 and 24 where it does not tell. Where there is none, 80 columns and no end of
// rows.
std::size_t columns();
std::size_t rows();

// Prints the lines one after the other.
void print(const Lines& lines);
// Replaces what the terminal shows by as many of the lines as it has rows for. Without a terminal:
// prints them, with an empty line behind.
void paint(const Lines& lines);

}  // namespace master::ctl
