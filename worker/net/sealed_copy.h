// A file as a sealed copy in memory, which no process maps but the one that needs it.
//
// The master copies a file within the kernel into a memory file and keeps the descriptor. So the
// bytes are never in the master's own memory, from which workers are forked, and workers close the
// descriptor before they read a byte from outside. The copy stays the same, whatever becomes of the
// file. For passwords (auth/users_file.h) and for the secret of several machines (shared_secret.h).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/net/unique_fd.h"

namespace worker::net {

struct SealedCopy {
  UniqueFd copy;        // sealed: nobody can change it
  mode_t mode = 0;      // of the file
  std::string why_not;  // empty: it is copied
};

// `name` is what /proc shows for the copy. A file of more than `most` bytes is refused. Never waits
// for the other end of a FIFO.
SealedCopy copy_sealed(const std::string& path, const char* name, std::size_t most);

// The bytes of such a copy, readable as long as this lives. They are in no core dump.
class MappedText {
 public:
  explicit MappedText(int fd);  // throws std::runtime_error
  ~MappedText();
  MappedText(const MappedText&) = delete;
  MappedText& operator=(const MappedText&) = delete;

  std::string_view text() const { return {static_cast<const char*>(memory_), size_}; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace worker::net
