// The memory of the segment, in sections by writer, and how a worker loses the right to write them.
//
// Owns the mappings and the two memory files behind them. In the address space of every process the
// sections follow each other: that of the master, one for each row, the common one, that of the
// process that checks passwords. In the files the last one counts as a row, and the rows are far
// apart, so that mremap(2), which can make a mapping longer, reaches no other row.
// The files are sealed: once the constructor is done, nobody can map them writable again, neither
// by mmap(2) nor by mprotect(2). The only user of Boost.Interprocess (section_map.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

class SectionMap {
 public:
  // In bytes, multiples of kSectionAlign.
  struct Sizes {
    std::size_t master;
    std::size_t row;
    std::size_t common;
    std::size_t helper = kSectionAlign;
    std::size_t total() const;
  };
  // All bytes are 0. Throws std::runtime_error with the system's reason.
  explicit SectionMap(Sizes sizes);
  ~SectionMap();
  SectionMap(const SectionMap&) = delete;
  SectionMap& operator=(const SectionMap&) = delete;

  void* master() const;
  void* row(Row row) const;
  void* common() const;
  void* helper() const;

  // For the process of `own`, once: maps the master's section and all other rows read-only, in
  // place, and closes the files. With kNoRow it maps all sections so, and with kHelperRow all but
  // the helper's. Throws std::runtime_error.
  void confine(Row own);

  // False where the kernel cannot seal (before Linux 5.1): then mprotect(2) can undo `confine`.
  bool is_sealed() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shm
