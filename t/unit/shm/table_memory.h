// A table in zeroed memory that children share, without a segment around it.
#pragma once

#include "shm/per_row.h"
#include "t/unit/shm/children.h"

namespace children {

template <class Table>
struct TableMemory {
  struct Row {
    typename Table::RowPart part;
  };
  typename Table::MasterPart master;
  typename Table::CommonPart common;
  Row rows[shm::kMaxRows];

  Table view() { return {master, {&rows[0].part, sizeof(Row)}, common}; }
};

template <class Table>
class SharedTable {
 public:
  Table* operator->() { return &table_; }
  Table& operator*() { return table_; }

 private:
  Shared<TableMemory<Table>> memory_;
  Table table_ = memory_->view();
};

}  // namespace children
