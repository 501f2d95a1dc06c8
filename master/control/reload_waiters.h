// The clients that have asked for a reload and wait for its outcome.
//
// A reload that was under way when a client asked may have read the files before the client wrote
// them. So an outcome counts only for clients that asked before the reload began.
#pragma once

#include <string>
#include <vector>

#include "master/control/reply.h"

namespace master::control {

class ReloadWaiters {
 public:
  void add(Reply reply);
  void on_begin();  // a reload begins
  // The outcome of the reload that began last.
  void on_end(bool ok, const std::vector<std::string>& messages);
  // There will be no outcome.
  void give_up(const std::string& reason);

 private:
  std::vector<Reply> asking_;    // for a reload that has not begun
  std::vector<Reply> awaiting_;  // the outcome of the one that began
};

}  // namespace master::control
