// What each row has of a table, as an array by row.
//
// A view, private to a process. The memory of one row lies together, because only the process of
// that row may write it. So the same part of two neighbouring rows is `stride` bytes apart.
#pragma once

#include <cstddef>

#include "shm/ids.h"

namespace shm {

template <class Part>
class PerRow {
 public:
  PerRow(Part* of_row_0, std::size_t stride)
      : first_(static_cast<char*>(static_cast<void*>(of_row_0))), stride_(stride) {}

  Part& operator[](Row row) const {
    return *static_cast<Part*>(static_cast<void*>(first_ + row * stride_));
  }
  // A member of the part, of each row: `&PerRow[0].member` says which one.
  template <class Member>
  PerRow<Member> at(Member* of_row_0) const {
    return {of_row_0, stride_};
  }

 private:
  char* first_;
  std::size_t stride_;
};

}  // namespace shm
