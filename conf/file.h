// The whole of a regular file in memory, up to a size that the caller sets.
//
// The only reader of the configuration, of error pages and of PEM files. Never waits for the other
// end of a FIFO, never makes a terminal the controlling one, never reads a device or a directory.
// Reports nothing: each caller has its own words for a file that it cannot read.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace conf {

// Why a file was not read.
struct FileError {
  enum class Kind {
    open,         // the system refused to open it: `number`
    not_regular,  // a directory, a FIFO, a device ...: `mode`
    read,         // the system failed to read it: `number`
    too_large,    // more than `most` bytes
  };

  // A few words without the path: "No such file or directory", "not a regular file".
  std::string text() const;

  Kind kind = Kind::open;
  int number = 0;        // errno
  mode_t mode = 0;       // st_mode of what is there
  std::size_t most = 0;  // bytes that the caller allowed
};

// The bytes of the regular file `path`, at most `most` of them. Nothing, and the reason in `error`,
// when the file cannot be read or is larger. Leaves no second copy of a file that does not grow
// while it is read, so that a caller can wipe a private key from memory.
std::optional<std::string> read_file(const std::string& path, std::size_t most, FileError& error);

}  // namespace conf
